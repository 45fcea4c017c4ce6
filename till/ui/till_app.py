"""The till's window: binds the presenters to their screens and the window's events to the presenters.

Screens are made when they are shown, so that the first one is there quickly; those that a sale goes through stay, of
the others the last two, so that a till with many screens needs no more memory than one with few (ADR 23). An error that
nobody expected is logged and said on the screen; the till goes on.
"""

import logging
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from kivy.app import App
from kivy.base import ExceptionHandler, ExceptionManager
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.properties import ObjectProperty

from schema.errors import CounterfoilError
from till.presenters.screen import Message, ScreenName
from till.presenters.screens import Screens
from till.ui import fields, keys, lists, widgets, window
from till.ui.help import help_panel
from till.ui.keyboard import Keyboard
from till.ui.keys import FlatButton
from till.ui.memory import clear_what_went, give_back, keep_no_longer, keep_the_program, keep_what_is_there
from till.ui.onscreen import Typing
from till.ui.places import Places, words_on
from till.ui.rules import load_rules
from till.ui.screen import SILENCE
from till.ui.sound import beep
from till.ui.theme import Theme
from till.ui.walk import Walk
from till.ui.widgets import MessageBar
from till.ui.window import PinPanel, Question, TopBar, WindowFrame
from till.words import Words

LOG = logging.getLogger("till.ui")
# Module and class of each screen; a module's kv file stands beside it.
SCREENS: dict[ScreenName, str] = {
    "setup": "SetupScreen",
    "sign_in": "SignInScreen",
    "open_shift": "OpenShiftScreen",
    "sale": "SaleScreen",
    "customer": "CustomerScreen",
    "matrix": "MatrixScreen",
    "parked": "ParkedScreen",
    "pay": "PayScreen",
    "done": "DoneScreen",
    "returns": "ReturnsScreen",
    "orders": "OrdersScreen",
    "make_order": "MakeOrderScreen",
    "cash": "CashScreen",
    "close_shift": "CloseShiftScreen",
    "reports": "ReportsScreen",
    "messages": "MessagesScreen",
    "settings": "SettingsScreen",
    "lock": "LockScreen",
}
TICK_S = 1.0
BAR_TICKS = 2
# A new screen is drawn before the collector is told to leave it alone.
MADE_S = 0.3
STAYING: frozenset[ScreenName] = frozenset({"sale", "pay", "done"})
# Of the other screens, how many there are at most: who goes to and fro between two of them does not wait for either.
OTHERS_MAX = 2
FOLDER = Path(__file__).parent


class ScreenView:
    """What one presenter sees of the window."""

    def __init__(self, app: "TillApp", name: ScreenName) -> None:
        self._app, self._name = app, name

    def show(self, state: Any) -> None:
        """Show a state, if its screen is in front; else it is read when the screen comes."""
        self._app.show(self._name, state)

    def say(self, message: Message) -> None:
        """Say something on whatever screen is in front."""
        self._app.say(message)

    def go(self, screen: ScreenName) -> None:
        """Bring another screen to the front."""
        self._app.go(screen)


class BarView(ScreenView):
    """What the top bar's presenter sees of the window."""

    def show(self, state: Any) -> None:
        """Show the top bar's state."""
        self._app.bar.shown = state


class Faults(ExceptionHandler):
    """Errors that nobody expected, in any callback of the window."""

    def __init__(self, app: "TillApp") -> None:
        self._app = app

    def handle_exception(self, exception: BaseException) -> Any:
        """Log it, say it, go on. What ends a program on purpose still does."""
        if not isinstance(exception, Exception):
            return ExceptionManager.RAISE
        self._app.fault(exception)
        return ExceptionManager.PASS


class TillApp(App):
    """One window, one till."""

    title = "Counterfoil"
    said = ObjectProperty(SILENCE, rebind=True)

    def __init__(self, screens: Screens, words: Words, *, mode: str = "light", places: Path | None = None) -> None:
        super().__init__()
        self.screens, self.words = screens, words
        self.theme = Theme(mode)
        self._look = screens.settings.look()
        self.walk = Walk(self)
        self.typing = Typing(self)
        self._places_path = places
        self._ticks = 0
        # The screen that was in front last stands last.
        self._built: dict[ScreenName, Any] = {}
        self._current: Any = None
        self._seen: Message | None = None
        # Of the screens that stay there is one that the collector does not leave alone yet.
        self._unkept = False
        self._settle = Clock.create_trigger(lambda _seconds: self._settle_down(), MADE_S)

    # -- life

    def build(self) -> WindowFrame:
        """Make the frame and the first screen."""
        for pieces in (widgets, keys, fields, lists, window):
            load_rules(pieces.__file__)
        self.icon = str(FOLDER / "counterfoil.png")
        self._fit()
        Window.bind(size=self._fit)
        self.frame = WindowFrame()
        self.bar: TopBar = self.frame.ids.bar
        self.keyboard = Keyboard(self)
        self.faults = Faults(self)
        ExceptionManager.add_handler(self.faults)
        self._attach()
        self._tick_event = Clock.schedule_interval(self._tick, TICK_S)
        self.places = Places(self._places_path, self.frame) if self._places_path else None
        self.show_clock()
        keep_the_program()
        self.go(self.screens.first)
        return self.frame

    def _attach(self) -> None:
        self.screens.bar.attach(BarView(self, "sale"))
        self.screens.bar.enter()
        for name in SCREENS:
            getattr(self.screens, name).attach(ScreenView(self, name))

    def on_stop(self) -> None:
        """Let go of everything that outlives this window."""
        self._tick_event.cancel()
        self._settle.cancel()
        self.keyboard.close()
        self.typing.close()
        Window.unbind(size=self._fit)
        ExceptionManager.remove_handler(self.faults)
        if self.places:
            self.places.close()
        keep_no_longer()

    def _fit(self, *_: object) -> None:
        self.theme.fit(*Window.size)
        self.typing.fit()

    def _tick(self, _seconds: float) -> None:
        self._ticks += 1
        self.show_clock()
        self.screens.lock.tick()
        self.screens.orders.tick()
        self.screens.pay.tick()
        if self._ticks % BAR_TICKS == 0:
            self.screens.bar.refresh()

    def show_clock(self) -> None:
        """Show the time; it is drawn once a minute."""
        self.bar.clock_text = time.strftime("%H:%M")

    # -- what presenters ask of the window

    def show(self, name: str, state: Any) -> None:
        """Show a state where its screen is in front."""
        if self._current is not None and self._current.name == name:
            self._current.shown = state

    def go(self, name: ScreenName) -> None:
        """Bring a screen to the front, showing its presenter's state, and let the presenter know."""
        self.frame.close_panel()
        self.walk.end()
        self.typing.leave()
        self._follow_settings()
        is_other_cashier = "sign_in" in (name, self._current.name if self._current else "")
        screen = self._built.pop(name, None) or self._make(name)
        self._current = self._built[name] = screen
        screen.shown = screen.presenter.state
        self.frame.ids.screens.current = name
        screen.presenter.enter()
        if self._unkept:
            self._settle()
        if is_other_cashier:
            self.screens.bar.refresh()  # or another till: practice begins and ends at the sign-in

    def _follow_settings(self) -> None:
        """Take over another language, look or sound; what is drawn in the old one is made anew when it is needed."""
        words, look = self.screens.sale.desk.words, self.screens.settings.look()
        if look != self._look:
            self._look = look
            self.theme.mode = look.theme
        if words is not self.words:
            self.words, self._current = words, None
            self._let_go(list(self._built))
            keep_no_longer()
            self.screens.bar.refresh()

    def _make(self, name: ScreenName) -> Any:
        """Make a screen, where it is one of the others in the room of the one that was in front longest ago."""
        if name not in STAYING and (left_over := self._others()[: 1 - OTHERS_MAX]):
            self._let_go(left_over)
            clear_what_went()
        module = import_module(f"till.ui.{name}")
        load_rules(str(FOLDER / f"{name}.py"))
        presenter = getattr(self.screens, name)
        screen = getattr(module, SCREENS[name])(name=name, presenter=presenter, shown=presenter.state)
        self.frame.ids.screens.add_widget(screen)
        self._unkept |= name in STAYING
        self._settle()
        return screen

    def _others(self) -> list[ScreenName]:
        """Return the made screens that do not stay; the last was in front last, or is."""
        return [name for name in self._built if name not in STAYING]

    def _let_go(self, names: list[ScreenName]) -> None:
        manager = self.frame.ids.screens
        for name in names:
            manager.remove_widget(self._built.pop(name))
        if not manager.transition.is_active:
            # Kivy would remember the screen that was left last, and all that it holds.
            manager.transition.screen_out = manager.transition.screen_in

    def _settle_down(self) -> None:
        """After a screen was made: keep those that stay, as soon as no other would be kept with them; give back."""
        manager = self.frame.ids.screens
        if manager.transition.is_active:
            self._settle()  # where drawing takes longer than the wait, one screen is still leaving
            return
        if self._unkept and manager.current in STAYING and not self.frame.panel:
            self._let_go(self._others())
            keep_what_is_there()
            self._unkept = False
        give_back()

    def say(self, message: Message) -> None:
        """Say something until the next touch, key or scan; an error with a sound."""
        self.said = message
        if message.kind == "error" and self._look.sound:
            beep()

    def hush(self) -> None:
        """Take away what was said."""
        self.said = SILENCE

    def ask_about(
        self, screen: Any, question: str, *, yes: Any, no: Any, warning: str = "", kind: str = "accent"
    ) -> None:
        """Keep a question's panel in line with what a screen's presenter asks."""
        panel = self.frame.panel
        is_asked = isinstance(panel, Question)
        if question and screen is self._current and not (is_asked and panel.text == question):
            words = {"yes_text": self.words("Yes"), "no_text": self.words("No")}
            self.frame.open_panel(Question(text=question, warning=warning, yes=yes, no=no, yes_kind=kind, **words))
        elif not question and is_asked:
            self.frame.close_panel()

    def fault(self, exception: Exception) -> None:
        """Log an error and say it."""
        if isinstance(exception, CounterfoilError):
            self.say(Message(kind="error", text=self.words.of_error(exception), code=exception.code))
            return
        LOG.error("a fault in the window", exc_info=exception)
        text = self.words(
            "Something went wrong in the till ({fault}). What was paid is saved. Go on; if it comes back, start the "
            "till again and tell head office.",
            fault=type(exception).__name__,
        )
        self.say(Message(kind="error", text=text, code="fault"))

    # -- what the person does

    def touched(self, touch: Any) -> None:
        """Note a touch before it acts, and what stood in the message bar then."""
        self.screens.lock.touched()
        self.walk.end()
        self._seen = self.said if self.said.text and not self._on_message(touch) else None

    def released(self) -> None:
        """Take away what stood there when the touch began. Not sooner: rows must not move under the finger."""
        if self._seen is self.said:
            self.hush()
        self._seen = None

    def _on_message(self, touch: Any) -> bool:
        bars = (widget for widget in self._current.walk() if isinstance(widget, MessageBar))
        return any(bar.text and bar.collide_point(*bar.to_widget(*touch.pos)) for bar in bars)

    def act(self) -> None:
        """Do what the message offers."""
        action = self.said.action
        self.hush()
        actions: dict[str, Any] = {
            "supervisor": self._ask_supervisor,
            "print_again": self.screens.done.print_again,
            "messages": lambda: self.go("messages"),
            "retry": self._retry,
            "open_shift": lambda: self.go("open_shift"),
            "close_shift": lambda: self.go("close_shift"),
            "take_anyway": self.screens.orders.confirm,
        }
        if action:
            actions[action]()

    def _retry(self) -> None:
        """On the setup screen start anew; elsewhere do again what was refused."""
        if self._current.name == "setup":
            self.screens.setup.retry()
        else:
            self.screens.sale.desk.again()

    def open_help(self) -> None:
        """Say what the screen in front is for, and which keys it has."""
        self.frame.open_panel(help_panel(self._current.name, self.keys_in_sight(), self.words))

    def keys_in_sight(self) -> list[tuple[str, str]]:
        """Return the keyboard's keys that do something here: the key's name and the words on its button."""
        buttons = [each for each in self._current.walk() if isinstance(each, FlatButton)]
        shown = [
            (each.hint, words_on(each)) for each in buttons if each.hotkey and not each.disabled and each.width > 1
        ]
        # The top bar's key says how the connection is, not what it opens.
        return [*shown, ("F7", self.words("Messages"))]

    def _ask_supervisor(self) -> None:
        title = self.words("A supervisor's PIN allows the next action once.")
        self.frame.open_panel(PinPanel(title=title, submit=self.screens.sale.supervisor))

    def scan(self, code: str) -> None:
        """Take a scan from any scanner, whatever has the focus."""
        self.screens.lock.touched()
        self.walk.end()
        self.hush()
        panel = self.frame.panel
        if not (panel and panel.scanned(code)):
            self._current.scanned(code)

    def garbled(self, message: str) -> None:
        """Say why a scan was not executed."""
        self.say(Message(kind="error", text=self.words(message), code="garbled_scan"))

    def typed(self, text: str) -> None:
        """Take what a person typed while no field had the keyboard."""
        self.screens.lock.touched()
        if text == " " and self.walk.key("enter"):
            return
        self.walk.end()
        for character in text:
            (self.frame.panel or self._current).typed(character)

    def struck(self) -> None:
        """Note that a person types on a real keyboard."""
        self.typing.struck()

    def press(self, key: str) -> bool:
        """Press the button that shows a key's name; where there is none the screen may know the key.

        Tab walks through everything that can be touched; then Enter or the space bar touches it.
        """
        self.screens.lock.touched()
        if self.walk.key(key):
            return True
        if key == "f1" and not self.frame.panel:
            self.open_help()
            return True
        taker = self.frame.panel or self._current
        if key == "enter" and not self.frame.panel and self._current.key(key):
            return True
        button = self._button(taker, key) or (None if self.frame.panel else self._button(self.bar, key))
        if button is not None:
            self.hush()
            button.press()
            return True
        return bool(taker.key(key))

    def _button(self, root: Any, key: str) -> Any:
        buttons = (widget for widget in root.walk() if isinstance(widget, FlatButton) and widget.hotkey == key)
        return next((button for button in buttons if not button.disabled and button.width > 1), None)
