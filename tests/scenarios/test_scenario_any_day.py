"""A random day at two tills: whatever was done in whatever order, no cent is lost or doubled.

The walk (`rig.walker`) is given by its seed; line, programs, terminals and cashiers fail in it. The audit (`rig.audit`)
reckons anew, from the journals, what every balance must be. A failure prints what was done, the last of it last.
"""

import pytest

from rig.audit import audit
from rig.walker import BusyShop, Walker, today

pytestmark = pytest.mark.timeout(240)
EPOCHS, STEPS = 2, 30


@pytest.mark.parametrize(
    ("seed", "cash_step_minor", "faults"),
    [pytest.param(3, 1, False, id="calm"), pytest.param(22, 5, True, id="faults")],
)
def test_whatever_is_done_all_books_agree(tmp_path, seed, cash_step_minor, faults):
    """Faults 1, 2, 4, 5, 44, 47 in any order: journals, ledger, drawers, terminals, vouchers and accounts agree."""
    shop = BusyShop(tmp_path, cash_step_minor=cash_step_minor)
    try:
        walker = Walker(shop, seed, faults=faults)
        for _ in range(EPOCHS):
            walker.walk(STEPS)
            assert audit(shop, today(), was_cut=walker.was_cut) == [], "\n".join(walker.trail[-400:])
        done = walker.answers
        assert done["pay:ok"] > EPOCHS * 5, "the walk led nowhere"
    finally:
        shop.close()
