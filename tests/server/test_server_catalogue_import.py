"""Importing articles: good rows land, bad rows are named by line, and a second run changes nothing."""

import gzip

import pytest

from schema.clock import SystemClock
from schema.errors import Refused
from schema.tax import TaxRate
from server.catalogue import feed
from server.catalogue.articles import get_article
from server.catalogue.countries import rates_of
from server.catalogue.csv_file import report_text
from server.catalogue.import_articles import import_file
from server.catalogue.store_rows import put_tax_rates

HEADER = "number,barcode,name,group,unit,price,tax_code\n"


@pytest.fixture
def shop(database):
    with database.write() as connection:
        put_tax_rates(connection, rates_of("DE"))
    return database


def run(database, path, **options):
    return import_file(database, SystemClock(), path, **options)


def written(tmp_path, text, name="articles.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def revision(database):
    with database.read() as connection:
        return feed.last_revision(connection)


def test_good_rows_land_and_a_second_run_changes_nothing(shop, tmp_path):
    rows = "".join(f"N{index},,Name {index},Grocery,piece,{index}.99,reduced\n" for index in range(2500))
    path = written(tmp_path, HEADER + rows)
    first = run(shop, path)
    assert (first.rows, first.changed, first.unchanged, first.bad) == (2500, 2500, 0, 0)
    before = revision(shop)
    second = run(shop, path)
    assert (second.changed, second.unchanged, second.bad) == (0, 2500, 0)
    assert revision(shop) == before == 2500


BAD = [
    ("B1,,Name,,piece,abc,reduced", "abc"),
    ("B2,,Name,,piece,-1.00,reduced", "negative"),
    ("B3,,Name,,piece,1.00,luxury", "luxury"),
    ("B4,,Name,,bushel,1.00,reduced", "bushel"),
    ("B5,4006381333932,Name,,piece,1.00,reduced", "check digit"),
    (",,Name,,piece,1.00,reduced", "number"),
    ("B7,,,,piece,1.00,reduced", "name"),
    ("G1,,Again,,piece,1.00,reduced", "line 2"),
    ("B9,,Name,,piece,1.00", "6 fields"),
    ("B10,,Name,,piece,99999999999999.00,reduced", "99999999999999"),
    (f"B11,,{'n' * 201},,piece,1.00,reduced", "longer"),
    ("B\x0712,,Name,,piece,1.00,reduced", "control"),
]


def test_bad_rows_are_named_by_line_with_the_reason(shop, tmp_path):
    rows = "\n".join(["G1,,Good,,piece,1.00,reduced", *(row for row, _ in BAD), "G2,,Good too,,kg,2,standard"])
    report = run(shop, written(tmp_path, HEADER + rows + "\n"))
    assert (report.rows, report.changed, report.bad) == (len(BAD) + 2, 2, len(BAD))
    for offset, ((_, reason), problem) in enumerate(zip(BAD, report.problems, strict=True)):
        assert problem.line == 3 + offset
        assert reason in problem.reason
    assert f"{len(BAD)} left out" in report_text(report)
    with shop.read() as connection:
        assert get_article(connection, "G1").name == "Good"
        assert get_article(connection, "G2").price_minor == 200


def test_barcodes_are_kept_as_lookup_keys(shop, tmp_path):
    row = "N1,2000000000015 036000291452|LOOSE-7,Name,,piece,1.00,reduced\n"
    run(shop, written(tmp_path, HEADER + row))
    with shop.read() as connection:
        assert get_article(connection, "N1").barcodes == ("00036000291452", "02000000000015", "LOOSE-7")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("number;name;price;tax_code\nN1;Käse;4,49;reduced\n", "utf-8-sig"),
        ("tax_code\tprice\tname\tnumber\r\nreduced\t4.49\tKäse\tN1\r\n", "utf-8"),
        ('Number,Name,Price,Tax Code,Extra\nN1,"Käse",4.49,reduced,ignored\n', "utf-8"),
    ],
)
def test_files_of_other_programs_are_understood(shop, tmp_path, text, encoding):
    report = run(shop, written(tmp_path, text, encoding=encoding))
    assert (report.changed, report.bad) == (1, 0)
    with shop.read() as connection:
        found = get_article(connection, "N1")
    assert (found.name, found.price_minor) == ("Käse", 449)


def test_a_packed_file_is_the_same(shop, tmp_path):
    path = tmp_path / "articles.csv.gz"
    path.write_bytes(gzip.compress((HEADER + "N1,,Name,,piece,1.00,reduced\n").encode()))
    assert run(shop, path).changed == 1


def test_control_characters_in_names_are_dropped(shop, tmp_path):
    """Fault 60: a name must not carry a command to a printer."""
    run(shop, written(tmp_path, HEADER + "N1,,Evil\x1bp0 \u0085Name,,piece,1.00,reduced\n"))
    with shop.read() as connection:
        assert get_article(connection, "N1").name == "Evilp0 Name"


def test_a_dry_run_stores_nothing(shop, tmp_path):
    report = run(shop, written(tmp_path, HEADER + "N1,,Name,,piece,1.00,reduced\nN2,,,,,,\n"), dry_run=True)
    assert (report.rows, report.bad, report.changed) == (2, 1, 0)
    assert revision(shop) == 0


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"name,price\nx,1\n", "bad_columns"),
        (b"", "bad_columns"),
        (HEADER.encode() + b"N1,,K\xe4se,,piece,1.00,reduced\n", "unreadable_file"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(shop, tmp_path, content, code):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(Refused) as caught:
        run(shop, path)
    assert caught.value.code == code


def test_a_damaged_archive_or_no_file_is_refused(shop, tmp_path):
    damaged = tmp_path / "bad.csv.gz"
    damaged.write_bytes(gzip.compress(HEADER.encode() * 1000)[:40])
    for path in (damaged, tmp_path / "none.csv"):
        with pytest.raises(Refused) as caught:
            run(shop, path)
        assert caught.value.code == "unreadable_file"


def test_without_tax_rates_nothing_is_imported(database, tmp_path):
    with pytest.raises(Refused) as caught:
        run(database, written(tmp_path, HEADER))
    assert caught.value.code == "no_tax_rates"


def test_progress_adds_up_to_all_good_rows(shop, tmp_path):
    steps = []
    rows = "".join(f"N{index},,Name,,piece,1.00,reduced\n" for index in range(1500))
    run(shop, written(tmp_path, HEADER + rows), advance=lambda done, total: steps.append((done, total)))
    assert sum(done for done, _ in steps) == 1500
    assert steps[-1][1] == 1500


def test_the_known_countries_have_rates_without_overlaps():
    from server.catalogue.countries import COUNTRIES, RATES

    assert {"DE", "AT", "NL", "BE"} <= set(COUNTRIES)
    for rate in RATES:
        for other in RATES:
            assert rate is other or not overlap(rate, other), (rate, other)


def overlap(one: TaxRate, other: TaxRate) -> bool:
    if (one.country, one.code) != (other.country, other.code):
        return False
    return (other.valid_to is None or one.valid_from <= other.valid_to) and (
        one.valid_to is None or other.valid_from <= one.valid_to
    )
