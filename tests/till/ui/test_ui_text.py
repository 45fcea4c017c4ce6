"""A text is drawn where its widget is, in its own colour, and rendered once for all that look the same."""

import pytest


@pytest.fixture
def text(sale):
    """Return a function that makes a text and draws it."""
    from till.ui.text import Text

    made = []

    def make(**properties):
        made.append(Text(size=(200, 60), size_hint=(None, None), **properties))
        sale.driver.app.frame.add_widget(made[-1])
        sale.driver.frames(2)
        return made[-1]

    yield make
    for each in made:
        sale.driver.app.frame.remove_widget(each)


def middle(text):
    """Return where the middle of a text's picture is drawn."""
    box = text._box
    return box.pos[0] + box.size[0] / 2, box.pos[1] + box.size[1] / 2


@pytest.mark.parametrize("change", [{"pos": (300, 200)}, {"height": 90}, {"size": (70, 31)}, {"text": "Another"}])
def test_a_text_stands_in_the_middle_of_its_widget_whatever_changes(sale, text, change):
    one = text(text="Coffee")
    for name, value in change.items():
        setattr(one, name, value)
    sale.driver.frames(2)
    assert middle(one) == pytest.approx((one.x + one.width / 2, one.y + one.height / 2), abs=1)


def test_two_texts_of_one_look_share_a_picture_and_another_look_does_not(text):
    one, same, bold = text(text="Coffee"), text(text="Coffee", color=(1, 0, 0, 1)), text(text="Coffee", bold=True)
    assert one._box.texture is same._box.texture
    assert one._box.texture is not bold._box.texture
    assert list(same._tint.rgba) == [1, 0, 0, 1]


def test_a_disabled_text_has_its_own_colour(sale, text):
    one = text(text="Coffee", color=(1, 0, 0, 1), disabled_color=(0, 1, 0, 1))
    one.disabled = True
    assert list(one._tint.rgba) == [0, 1, 0, 1]


def test_the_hint_on_a_disabled_key_is_as_faint_as_its_words(sale):
    from till.ui.keys import KeyHint

    key = sale.driver.find("line")
    hint = next(part for part in key.children if isinstance(part, KeyHint))
    assert key.disabled
    assert list(hint._tint.rgba) == list(key._tint.rgba) == pytest.approx(list(key.disabled_color))


def test_a_picture_is_forgotten_with_the_last_text_that_shows_it(sale, text):
    from till.ui.text import _pictures

    one = text(text="Only here and nowhere else")
    assert any(look[0] == one.text for look in _pictures)
    one.text = ""
    sale.driver.frames(2)
    assert not any(look[0] == "Only here and nowhere else" for look in _pictures)
    assert one.texture_size == (0, 0)


def test_a_long_text_is_cut_at_its_end_and_stays_in_its_width(text):
    one = text(text="A name that is far too long for the room there is", text_size=(120, None), shorten=True)
    whole = text(text="A name that is far too long for the room there is")
    assert one.texture_size[0] == 120
    assert one.texture_size[1] == whole.texture_size[1]
    assert whole.texture_size[0] > 120


@pytest.mark.parametrize("width", [48, 56, 62, 90, 150])
def test_a_name_on_a_key_shrinks_until_its_last_word_is_there(text, width):
    from till.ui.text import SHRINKING, _lines_needed, size_for_lines

    for name in ("Mixed bread 500 g", "Apple spritzer 0.5 l", "Coffee", "Farmhouse bread 1 kg"):
        size = size_for_lines(name, 15.0, width, 2)
        assert size == 15 * SHRINKING[-1] or _lines_needed(name, size, width) <= 2
        free = text(text=name, font_size=size, text_size=(width, None))
        line = text(text="X", font_size=size)
        lines = round(free.texture_size[1] / line.texture_size[1])
        assert lines == _lines_needed(name, size, width) or _lines_needed(name, size, width) == len(name)
