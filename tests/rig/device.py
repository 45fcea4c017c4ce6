"""A till's identity and mirror made without a head office: for what measures or tests one till alone."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path

import apsw
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.mirror_rows import article_words
from schema.catalogue import Article, QuickKey, QuickKeyPage, StoreSettings, key_of
from schema.device import JOURNAL, MIRROR, Device, base64_text, public_bytes, save_device
from schema.mirror_file import LAYOUT, LAYOUT_VERSION
from schema.parties import Cashier
from schema.pricing import Promotion
from schema.sqlite import WRITER_PRAGMAS
from schema.tax import TaxRate
from schema.text import fold

PIN = "1111"
TILL_ID = "00000000-0000-7000-8000-000000000001"


def enrolled(folder: Path) -> tuple[Device, Ed25519PrivateKey]:
    """Write a device's identity into a folder and return it with its key."""
    key = Ed25519PrivateKey.generate()
    device = Device(
        till_id=TILL_ID,
        epoch=1,
        store="0001",
        store_name="Sample Shop",
        till_number=1,
        till_name="Front",
        currency="EUR",
        server_url="http://127.0.0.1:1",
        server_public_key=base64_text(public_bytes(Ed25519PrivateKey.generate())),
        public_key=base64_text(public_bytes(key)),
        nonce=base64_text(b"rig"),
        timeline="rig",
    )
    save_device(folder, device, key)
    return device, key


def fill_mirror(folder: Path, articles: Iterable[Article]) -> None:
    """Write a mirror as the agent would, with one cashier, two tax rates and a page of quick keys."""
    from argon2 import PasswordHasher

    cashier = Cashier(number="1", name="Alex Example", role="store_manager", pin_hash=PasswordHasher().hash(PIN))
    mirror = apsw.Connection(str(folder / MIRROR))
    for name, value in WRITER_PRAGMAS.items():
        mirror.pragma(name, value)
    mirror.execute(LAYOUT)
    mirror.pragma("user_version", LAYOUT_VERSION)
    with mirror:
        words = fold(f"{cashier.number} {cashier.name}")
        mirror.execute("INSERT INTO party VALUES ('cashier', '1', ?, ?)", (words, msgspec.json.encode(cashier)))
        made = list(articles)
        _write_articles(mirror, made)
        _write_settings(mirror, made[:20])
    mirror.close()


def _write_articles(mirror: apsw.Connection, articles: list[Article]) -> None:
    mirror.executemany(
        "INSERT INTO article VALUES (?, ?, ?, ?, ?, ?)",
        [
            (place, row.number, row.name, row.group, int(row.blocked), msgspec.json.encode(row))
            for place, row in enumerate(articles, 1)
        ],
    )
    mirror.executemany(
        "INSERT INTO barcode VALUES (?, ?)",
        [(code, place) for place, row in enumerate(articles, 1) for code in row.barcodes],
    )
    mirror.executemany(
        "INSERT INTO article_search (rowid, words) VALUES (?, ?)",
        [(place, article_words(row)) for place, row in enumerate(articles, 1)],
    )
    mirror.executemany(
        "INSERT INTO variant VALUES (?, ?)",
        [(row.variant_of, place) for place, row in enumerate(articles, 1) if row.variant_of],
    )


def _write_settings(mirror: apsw.Connection, on_keys: list[Article]) -> None:
    page = QuickKeyPage(name="Sample", position=0, keys=tuple(QuickKey(article=row.number) for row in on_keys))
    rows: list[tuple[str, StoreSettings | QuickKeyPage | TaxRate]] = [
        ("settings", StoreSettings(store="0001", name="Sample Shop")),
        ("quick_keys", page),
        *[
            ("tax_rate", TaxRate(code=code, country="DE", percent=Decimal(percent), valid_from=date(2021, 1, 1)))
            for code, percent in (("standard", 19), ("reduced", 7), ("zero", 0))
        ],
    ]
    mirror.executemany(
        "INSERT INTO setting VALUES (?, ?, ?)", [(kind, key_of(row), msgspec.json.encode(row)) for kind, row in rows]
    )


def add_promotions(folder: Path, promotions: Iterable[Promotion]) -> None:
    """Write promotions into the mirror."""
    mirror = apsw.Connection(str(folder / MIRROR))
    rows = [("promotion", promotion.code, msgspec.json.encode(promotion)) for promotion in promotions]
    mirror.executemany("INSERT INTO setting VALUES (?, ?, ?)", rows)
    mirror.close()


def note_upload(folder: Path) -> None:
    """Write into the mirror that head office has all of this folder's journal."""
    journal = apsw.Connection(str(folder / JOURNAL), flags=apsw.SQLITE_OPEN_READONLY)
    heads = list(journal.execute("SELECT till_id, epoch, seq, hash FROM event ORDER BY seq DESC LIMIT 1"))
    journal.close()
    mirror = apsw.Connection(str(folder / MIRROR))
    mirror.executemany("INSERT OR REPLACE INTO upload VALUES (?1, ?2, ?3, ?4, ?3)", heads)
    mirror.close()
