"""Charts are well-formed SVG, say what they show, and stay inside their frame whatever the values are."""

import re
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from server.office.charts import HEIGHT, WIDTH, Chart, bar_chart, line_chart, row_chart, step_above

SVG = "{http://www.w3.org/2000/svg}"
values = st.lists(st.integers(-(10**7), 10**9), min_size=1, max_size=24)


def chart(now, then=(), title="Title", upto=None):
    labels = [f"{index:02}" for index in range(len(now))]
    return Chart(name="x", title=title, description="Text", labels=labels, now=now, then=then, upto=upto)


@given(values)
def test_every_chart_is_well_formed_and_named(now):
    for draw in (line_chart, bar_chart, row_chart):
        root = ElementTree.fromstring(str(draw(chart(now, now), str)))
        assert root.find(f"{SVG}title").text == "Title"
        assert root.find(f"{SVG}desc").text == "Text"
        assert root.get("role") == "img"


@given(values)
def test_lines_and_bars_stay_inside_the_frame(now):
    for draw in (line_chart, bar_chart):
        root = ElementTree.fromstring(str(draw(chart(now, now[::-1]), str)))
        for rect in root.iter(f"{SVG}rect"):
            assert float(rect.get("y")) >= 0 and float(rect.get("y")) + float(rect.get("height")) <= HEIGHT
            assert float(rect.get("x")) >= 0 and float(rect.get("x")) + float(rect.get("width")) <= WIDTH
        for line in root.iter(f"{SVG}polyline"):
            for x, y in (point.split(",") for point in line.get("points").split()):
                assert 0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT


@given(st.integers(1, 10**12))
def test_a_scale_reads_well(value):
    step = step_above(value)
    assert value <= step < value * 2.6
    assert re.fullmatch(r"(1|2|25|5)0*", str(step))


def test_a_name_cannot_leave_the_picture():
    """Fault 58."""
    drawn = str(line_chart(chart([1, 2], title="</title><script>alert(1)</script>"), str))
    assert "<script" not in drawn
    ElementTree.fromstring(drawn)


def test_the_present_line_ends_where_the_day_is():
    root = ElementTree.fromstring(str(line_chart(chart([1, 2, 3, 4], [1, 2, 3, 4], upto=2), str)))
    lengths = [len(line.get("points").split()) for line in root.iter(f"{SVG}polyline")]
    assert lengths == [4, 2]
