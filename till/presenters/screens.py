"""All screens of the till, by name, made once at the composition root."""

from msgspec import Struct

from till.presenters.bar import BarPresenter
from till.presenters.cash import CashPresenter
from till.presenters.close_shift import CloseShiftPresenter
from till.presenters.done import DonePresenter
from till.presenters.lock import LockPresenter
from till.presenters.messages import MessagesPresenter
from till.presenters.open_shift import OpenShiftPresenter
from till.presenters.orders import OrdersPresenter
from till.presenters.pay import PayPresenter
from till.presenters.sale import SalePresenter
from till.presenters.screen import ScreenName
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
    pay: PayPresenter
    done: DonePresenter
    orders: OrdersPresenter
    cash: CashPresenter
    close_shift: CloseShiftPresenter
    messages: MessagesPresenter
    lock: LockPresenter
