"""All screens of the till, by name, made once at the composition root."""

from pathlib import Path

from msgspec import Struct

from till.desk import Desk
from till.presenters.bar import BarPresenter
from till.presenters.cash import CashPresenter
from till.presenters.close_shift import CloseShiftPresenter
from till.presenters.customer import CustomerPresenter
from till.presenters.done import DonePresenter
from till.presenters.lock import LockPresenter
from till.presenters.make_order import MakeOrderPresenter
from till.presenters.matrix import MatrixPresenter
from till.presenters.messages import MessagesPresenter
from till.presenters.open_shift import OpenShiftPresenter
from till.presenters.orders import OrdersPresenter
from till.presenters.paper import Paper
from till.presenters.parked import ParkedPresenter
from till.presenters.pay import PayPresenter
from till.presenters.reports import ReportsPresenter
from till.presenters.returns import ReturnsPresenter
from till.presenters.sale import Elsewhere, SalePresenter
from till.presenters.screen import ScreenName
from till.presenters.settings import SettingsPresenter, SetUp
from till.presenters.setup import SetupPresenter
from till.presenters.sign_in import SignInPresenter


class Screens(Struct, frozen=True, kw_only=True):
    """The presenters, named as `View.go` names them, and the screen to begin with."""

    first: ScreenName
    bar: BarPresenter
    setup: SetupPresenter
    sign_in: SignInPresenter
    open_shift: OpenShiftPresenter
    sale: SalePresenter
    customer: CustomerPresenter
    matrix: MatrixPresenter
    parked: ParkedPresenter
    pay: PayPresenter
    done: DonePresenter
    returns: ReturnsPresenter
    orders: OrdersPresenter
    make_order: MakeOrderPresenter
    cash: CashPresenter
    close_shift: CloseShiftPresenter
    reports: ReportsPresenter
    messages: MessagesPresenter
    settings: SettingsPresenter
    lock: LockPresenter


def build(desk: Desk, folder: Path, till: SetUp) -> Screens:
    """Make all presenters over one desk; the desk is opened by the caller before or after, set up by `till`."""
    paper = Paper(desk)
    sign_in = SignInPresenter(desk, till)
    sale = SalePresenter(desk, paper)
    done = DonePresenter(desk, paper, sale)
    matrix, orders = MatrixPresenter(desk, sale), OrdersPresenter(desk)
    pay = PayPresenter(desk, paper, done)
    returns = ReturnsPresenter(desk, pay)
    sale.elsewhere = Elsewhere(
        matrix=matrix.open,
        receipt=returns.open_receipt,
        order=orders.open_scanned,
        voucher=pay.begin_with_voucher,
    )
    return Screens(
        first="sign_in" if desk.trouble is None else "setup",
        bar=BarPresenter(desk, paper),
        setup=SetupPresenter(desk, folder),
        sign_in=sign_in,
        open_shift=OpenShiftPresenter(desk),
        sale=sale,
        customer=CustomerPresenter(desk, sale),
        matrix=matrix,
        parked=ParkedPresenter(desk),
        pay=pay,
        done=done,
        returns=returns,
        orders=orders,
        make_order=MakeOrderPresenter(desk, paper),
        cash=CashPresenter(desk, paper),
        close_shift=CloseShiftPresenter(desk, paper),
        reports=ReportsPresenter(desk, paper, folder),
        messages=MessagesPresenter(desk, paper),
        settings=SettingsPresenter(desk, paper, till),
        lock=LockPresenter(desk, sign_in),
    )
