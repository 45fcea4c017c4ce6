"""What every screen must keep in every size, theme and language: touch sizes, contrast, whole words, nothing lost."""

import pytest
import sample_till as shop

SIZES = ((800, 480), (1024, 600), (1280, 800), (1920, 1080), (800, 1280))
PRIMARY = {"pay", "cash", "card", "next", "sign_in", "open_shift", "close_shift", "book", "take", "unlock", "retry"}
SCREENS = ("sale", "pay", "orders", "cash", "close_shift", "messages", "lock")


def luminance(colour):
    parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_colour_that_writes_stands_out_from_its_ground(surroundings, mode):
    """Contrast of at least 4.5:1 (WCAG 2.2, 1.4.3)."""
    from till.ui.theme import WRITTEN_UPON, Theme

    theme = Theme(mode)
    for ink, ground in WRITTEN_UPON:
        found = contrast(getattr(theme, ink), getattr(theme, ground))
        assert found >= 4.5, f"{ink} upon {ground}, {mode}: {found:.2f}"


def test_both_palettes_name_the_same_colours(surroundings):
    from till.ui.theme import PALETTES

    assert set(PALETTES["light"]) == set(PALETTES["dark"])


def test_the_theme_recolours_the_open_window(opened):
    driver = opened(draw=True).driver
    key = driver.find("key:5")
    x, y = key.to_window(key.x + 9, key.y + 9)
    light = driver.pixel(x, y)
    driver.app.theme.mode = "dark"
    driver.frames(3)
    assert driver.pixel(x, y) != light


def show(till, name):
    """Bring a screen to the front as the window does."""
    if name == "lock":
        till.screens.lock.lock()
    else:
        till.driver.app.go(name)
    till.settle()
    till.driver.frames(3)


@pytest.mark.parametrize(
    ("size", "language"),
    [*((size, "de") for size in SIZES), (SIZES[0], "en"), (SIZES[0], "nl"), (SIZES[-1], "nl")],
    ids=lambda value: value if isinstance(value, str) else f"{value[0]}x{value[1]}",
)
def test_all_that_is_touched_is_large_enough_in_the_window_and_readable(opened, size, language):
    """At least 48 dp, 72 for the primary action; nothing outside the window, nothing over another, no word cut."""
    till = opened(size=size, language=language)
    check(till.driver, size)
    till.sign_in()
    check(till.driver, size)
    till.open_shift()
    till.driver.scan(shop.BOOK)
    for name in SCREENS:
        show(till, name)
        check(till.driver, size)
    till.screens.lock.unlock("1111")
    till.driver.wait_until(lambda: till.driver.screen == "sale", "the unlocked till")
    for key in ("f2", "f4", "f8", "f10"):
        till.driver.press(key)
        check(till.driver, size)
        till.driver.press("escape")


def check(driver, size):
    from kivy.metrics import dp

    from till.ui.fields import TextField
    from till.ui.keys import FlatButton, QuickKey
    from till.ui.lists import Row
    from till.ui.places import roots, visible

    driver.frames(2)
    frame = driver.app.frame
    seen = [widget for root in roots(frame) if root is not frame.ids.bar for widget in visible(root)]
    touched = [widget for widget in seen if isinstance(widget, FlatButton | QuickKey | Row | TextField)]
    where = f"{driver.screen} {type(frame.panel).__name__} {size}"
    boxes = []
    for widget in touched:
        floor = dp(72) if widget.target in PRIMARY and widget.height > 0 and not frame.panel else dp(48)
        is_read_only = isinstance(widget, Row) and widget.target.partition(":")[0] in READ_ONLY
        if not is_read_only:
            assert widget.height >= floor - 0.5, f"{where}: {widget.target} is {widget.height} high"
            assert widget.width >= dp(48) - 0.5, f"{where}: {widget.target} is {widget.width} wide"
        x, y = widget.to_window(widget.x, widget.y)
        assert x >= -1 and y >= -1, f"{where}: {widget.target} lies at {x}, {y}"
        assert x + widget.width <= size[0] + 1 and y + widget.height <= size[1] + 1, f"{where}: {widget.target}"
        boxes.append((widget.target, x, y, x + widget.width, y + widget.height))
        if isinstance(widget, FlatButton) and widget.text:
            words_fit(widget, where)
    for index, one in enumerate(boxes):
        for other in boxes[index + 1 :]:
            apart = one[3] <= other[1] + 1 or other[3] <= one[1] + 1 or one[4] <= other[2] + 1 or other[4] <= one[2] + 1
            assert apart, f"{where}: {one} lies over {other}"


# Rows that only tell something.
READ_ONLY = {"payment", "order_line", "open_point", "figure"}


def words_fit(button, where):
    """No word of a button is broken, and its lines are not higher than it."""
    from kivy.core.text import Label as CoreLabel

    label = CoreLabel(font_size=button.font_size, bold=button.bold, font_name=button.font_name)
    room = button.width - 8
    for word in button.text.split():
        assert label.get_extents(word)[0] <= room, f"{where}: “{word}” on {button.target} needs more than {room}"
    assert button.texture_size[1] <= button.height, f"{where}: the text on {button.target} is too high"


def test_every_line_in_sight_is_drawn_where_it_stands(opened):
    """What the listing says must be what a person sees: each row has ink of its own between its borders."""
    till = opened(size=(1280, 800), draw=True).sign_in().open_shift()
    driver = till.driver
    for key in driver.app.frame.ids.screens.current_screen.pool[:5]:
        driver.tap(key)
    driver.frames(3)
    rows = [driver.find(f"line:{number}") for number in range(1, 6)]
    for row in rows:
        x, y = row.to_window(*row.pos)
        colours = {driver.pixel(x + step, y + row.height / 2) for step in range(40, int(row.width) - 4, 1)}
        assert len(colours) > 3, f"{row.title} is not drawn"


def test_a_raised_line_comes_back_into_sight(sale):
    driver = sale.driver
    pool = driver.app.frame.ids.screens.current_screen.pool
    keys = [key for key in pool if key.article]
    for key in keys:
        driver.tap(key)
    driver.frames(3)
    assert "line:1" not in driver.texts()
    driver.tap(keys[0])
    driver.frames(3)
    assert driver.texts()["line:1"].startswith("2")


def assert_inside(till, *names):
    """Hold keys to the window's width."""
    width = till.driver.window.width
    for name in names:
        key = till.driver.find(name)
        left, _ = key.to_window(*key.pos)
        assert left >= 0 and left + key.width <= width, f"{name}: {left} to {left + key.width} of {width}"


@pytest.mark.parametrize("size", [(800, 480), (800, 1280)])
def test_keys_that_are_not_offered_push_no_other_out_of_the_window(opened, size, terminal):
    """Neither the QR code that nobody shows, nor the tip that nobody gave, takes room from its neighbours."""
    from till.card.payments import CardOrder

    till = opened(size=size, language="de", terminal=terminal.url).sign_in().open_shift()
    driver, desk = till.driver, till.till.desk
    driver.scan(shop.BOOK)
    driver.press("f12")
    assert_inside(till, "back", "cash")
    driver.press("enter")
    driver.wait_until(lambda: driver.screen == "done", "the receipt")
    assert_inside(till, "print_again", "next")
    driver.press("enter")
    driver.scan(shop.BOOK)
    desk.parts.cards._intend(desk.sale, CardOrder(amount_minor=1999))
    driver.press("f7")
    driver.wait_until(lambda: "settle_not_paid" in driver.texts(), "the doubt")
    assert_inside(till, "ask_terminal", "settle_paid", "settle_not_paid")
