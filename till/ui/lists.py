"""What scrolls: lists whose rows are a few widgets over any number of entries, and rows that hold still."""

from collections.abc import Sequence
from typing import Any

from kivy.properties import (
    BooleanProperty,
    NumericProperty,
    StringProperty,
)
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.recycleboxlayout import RecycleBoxLayout
from kivy.uix.recycleview import RecycleView
from kivy.uix.recycleview.views import RecycleDataAdapter, RecycleDataViewBehavior
from kivy.uix.relativelayout import RelativeLayout
from kivy.uix.scrollview import ScrollView


class PlainScroll(ScrollView):
    """What scrolls. Half a second after the last move its bar pales, at once.

    Kivy's fades: thirty frames are drawn for it after every scan, and the list is held for so long. Kivy also binds the
    bar's colour anew with every move and lets go of it once: after a day's sales thousands of bindings hang there.
    """

    def update_from_scroll(self, *values: Any) -> None:
        """Move what is scrolled."""
        self.funbind("bar_color", self._change_bar_color)
        super().update_from_scroll(*values)

    def _bind_inactive_bar_color(self, *_: object) -> None:
        self.funbind("bar_color", self._change_bar_color)
        self.fbind("bar_inactive_color", self._change_bar_color)
        self._bar_color = self.bar_inactive_color


class Scroller(PlainScroll):
    """What may be higher than its room; while it is not, it stands at the top."""

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        self.bind(height=self._stand, viewport_size=self._stand)

    def _stand(self, *_: object) -> None:
        if self.viewport_size[1] <= self.height:
            self.scroll_y = 1

    def reveal(self, widget: Any) -> None:
        """Bring something in it into sight."""
        if self.viewport_size[1] > self.height:
            self.scroll_to(widget, animate=False)


class Row(RecycleDataViewBehavior, ButtonBehavior):
    """What every row of a list shows, and how it is touched; the classes below say how it is laid out."""

    title = StringProperty("")
    detail = StringProperty("")
    figure = StringProperty("")
    figure_detail = StringProperty("")
    picture = StringProperty("")
    target = StringProperty("")
    chosen = BooleanProperty(False)
    strong = BooleanProperty(False)
    index = NumericProperty(0)

    def refresh_view_attrs(self, rows: Any, index: int, data: dict[str, Any]) -> Any:
        """Remember which row this is."""
        self.index = index
        return super().refresh_view_attrs(rows, index, data)

    def on_press(self) -> None:
        """Tell the list which row was touched."""
        self.parent.parent.dispatch("on_choose", self.index)


class ListRow(Row, BoxLayout):
    """A row of a list: a title with a line of detail, at the right a figure with a line of detail."""


class BasketRow(Row, RelativeLayout):
    """A line of the basket: quantity, name with the reasons, unit price, sum.

    Its parts are placed within it: a scan moves every row up, and none is laid out anew for that.
    """

    quantity = StringProperty("")
    unit_price = StringProperty("")


class SteadyRows(RecycleDataAdapter):
    """Keeps a row's widgets with its index when the data changes, so that only what is new is drawn anew.

    Kivy's own adapter throws all widgets on a heap and deals them out again in another order: every text in sight is
    rendered again for each scan, and rendering text is what a frame costs.
    """

    views: Any
    dirty_views: Any

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        self._kept: dict[int, Any] = {}

    def invalidate(self) -> None:
        """Take the widgets out of use and remember which index each had."""
        for views in (*self.dirty_views.values(), self.views):
            self._kept.update(views)
        self.views = {}
        self.dirty_views.clear()

    def get_view(self, index: int, data_item: dict[str, Any], viewclass: Any) -> Any:
        """Return the index's own widget, or one whose row has gone out of sight, brought up to date."""
        for dirty in self.dirty_views.values():
            self._kept.update(dirty)
        self.dirty_views.clear()
        if index not in self._kept and not self._kept:
            return self.create_view(index, data_item, viewclass)
        view = self._kept.pop(index if index in self._kept else min(self._kept, key=lambda kept: -abs(kept - index)))
        self.refresh_view_attrs(index, data_item, view)
        return view

    def set_visible_views(self, indices: Any, data: Any, viewclasses: Any) -> Any:
        """Take widgets out of the list that are left over."""
        new, remaining, old = super().set_visible_views(indices, data, viewclasses)
        for view in self._kept.values():
            if view.parent is not None:
                view.parent.remove_widget(view)
        return new, remaining, old


class SteadyColumn(RecycleBoxLayout):
    """Leaves the rows' widgets where they hang when the rows change; `SteadyRows` deals each its own row again.

    Kivy's own column takes every widget off and hangs it up again for one new row, and each does its layout anew.
    """

    recycleview: Any
    view_indices: dict[Any, int]

    def clear_layout(self) -> None:
        """Forget which widget shows which row; the widgets stay."""
        if self.recycleview is not None:
            self.recycleview.view_adapter.invalidate()
        self.view_indices = {}
        self._size_needs_update = False


class Rows(PlainScroll, RecycleView):
    """A list of any length in a handful of widgets; says `empty_text` when there is nothing in it."""

    empty_text = StringProperty("")
    row_height = NumericProperty(48)
    at_end = BooleanProperty(False)
    data: Any
    __events__ = ("on_choose",)

    def __init__(self, **properties: Any) -> None:
        super().__init__(**properties)
        self.view_adapter = SteadyRows()

    def on_choose(self, index: int) -> None:
        """Called with the index of the row that was touched."""

    def show(self, rows: Sequence[dict[str, Any]]) -> None:
        """Show these rows, doing no more than what changed: one row is added, or a few are exchanged."""
        present = self.data
        if len(rows) < len(present) or len(rows) > len(present) + 1:
            self.data = list(rows)
            return
        for index, row in enumerate(rows[: len(present)]):
            if row != present[index]:
                present[index] = row
        if len(rows) > len(present):
            present.append(rows[-1])

    def on_height(self, *_: object) -> None:
        """Keep the end in sight when the list becomes higher or lower."""
        if self.at_end:
            self.show_end()

    def show_end(self) -> None:
        """Bring the last row into sight, where the rows are higher than the list; stay there in any size."""
        self.at_end = True
        self.scroll_y = 0 if len(self.data) * self.row_height > self.height else 1

    def show_row(self, index: int) -> None:
        """Bring a row into sight, moving the list no further than that takes."""
        room = len(self.data) * self.row_height - self.height
        if room <= 0:
            return
        top, bottom = index * self.row_height, (index + 1) * self.row_height - self.height
        above = (1 - self.scroll_y) * room
        wanted = min(max(above, bottom), top)
        if wanted != above:
            self.at_end = False
            self.scroll_y = 1 - wanted / room
