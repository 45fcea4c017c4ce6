"""What a receipt's mail is written from: the sale as its till sealed it, the receipt in invoicing, store and till."""

from msgspec import Struct

from schema.catalogue import StoreSettings
from schema.errors import Refused
from schema.events import SaleCompleted, decode
from server.catalogue.store_rows import store_settings
from server.db import Connection

_SALE = """
SELECT e.type, e.version, e.body, e.utc_offset_min, r.number, r.customer_name, t.id, t.name
FROM receipt r JOIN applied a ON a.event_id = r.source_event
JOIN event e ON e.till_id = a.till_id AND e.epoch = a.epoch AND e.seq = a.seq
JOIN till t ON t.id = e.till_id
WHERE r.source_event = ?
"""


class Facts(Struct, frozen=True, kw_only=True):
    """A receipt whole. `number` is its number in invoicing; times are local, ahead of UTC by `utc_offset_min`."""

    sale: SaleCompleted
    settings: StoreSettings
    number: str
    customer_name: str
    till_id: str
    till_name: str
    utc_offset_min: int


def read_facts(connection: Connection, sale_event: str, store: str) -> Facts:
    """Read a receipt. Raises Refused("no_receipt") or ValueError for what cannot be read."""
    row, settings = connection.row(_SALE, (sale_event,)), store_settings(connection, store)
    if row is None or settings is None:
        raise Refused("no_receipt", "The receipt or its store is not there. Was a backup restored?")
    sale = decode(row[0], row[1], bytes(row[2]))
    if not isinstance(sale, SaleCompleted):
        raise Refused("no_receipt", f"The wish names a {row[0]}, which is no receipt. This is a fault in the till.")
    return Facts(
        sale=sale,
        settings=settings,
        utc_offset_min=row[3],
        number=row[4],
        customer_name=row[5],
        till_id=row[6],
        till_name=row[7],
    )
