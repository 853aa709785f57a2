"""Charts: drawn on the server, harmless whatever a name holds, and honest where there is little or nothing to draw."""

import re
from datetime import date
from xml.etree import ElementTree

import pytest
from django.utils.translation import override

from tagging.looks import charts
from tagging.looks.drawing import SERIES
from tests.support.servers import ROOT

CSS = (ROOT / "tagging/static/tagging/charts.css").read_text()
HOSTILE = '<script>alert("1")</script>' + "W" * 100
RIGHT_TO_LEFT = "\u202eשלום\u202c"
GRAPHICS, TEXTS = 3.0, 4.5


CHARTS = {
    "sparkline": lambda name, value: charts.sparkline([value] * 12, name),
    "bars": lambda name, value: charts.bars([(name, value)], name),
    "columns": lambda name, value: charts.columns([(name, value)], name, limit=value),
    "lines": lambda name, value: charts.lines({name: [value, value]}, [name, name], name),
    "calendar": lambda name, value: charts.calendar(
        {date(2026, 3, 1): value}, date(2026, 1, 1), date(2026, 3, 31), name
    ),
}


def read(svg):
    return ElementTree.fromstring(svg)  # fails if anything is not escaped


def widths(svg):
    """Return how wide the bars of a chart are, in per cent."""
    return [float(width) for width in re.findall(r'class="chart-fill"[^>]* width="([\d.]+)%"', svg)]


def shown(svg):
    return [element.text for element in read(svg).iter("text")]


@pytest.mark.parametrize("kind", CHARTS)
def test_a_chart_says_its_label_to_those_who_do_not_see_it(kind):
    root = read(CHARTS[kind]("Python & Go", 3))

    assert (root.get("role"), root.get("aria-label")) == ("img", "Python & Go")
    assert root[0].tag == "title"
    assert root[0].text == "Python & Go"


@pytest.mark.parametrize("kind", CHARTS)
def test_no_chart_needs_what_the_policy_of_the_pages_forbids(kind):
    elements = [
        element for chart in (CHARTS[kind]("Python", 3), CHARTS[kind](HOSTILE, 3)) for element in read(chart).iter()
    ]

    assert not {
        name for each in elements for name in each.attrib if name in ("style", "fill") or name.startswith("on")
    }
    assert not {each.tag for each in elements} & {"script", "style", "a", "image", "foreignObject"}


@pytest.mark.parametrize("kind", ["bars", "columns", "lines"])
def test_a_long_name_is_cut_in_the_drawing(kind):
    names = [text for text in shown(CHARTS[kind](HOSTILE, 3)) if text.startswith("<script>"[:5])]

    assert names
    assert all(len(name) < 40 and name.endswith("…") for name in names)


def test_a_mark_of_direction_moves_nothing_beside_the_name():
    assert shown(charts.bars([(RIGHT_TO_LEFT, 1)], "names"))[0] == "שלום"


def test_a_wide_script_is_cut_by_the_room_that_it_takes():
    [name, _] = shown(charts.bars([("数据库" * 20, 1)], "names"))

    assert len(name) < 20


@pytest.mark.parametrize("value", [0, 1, 10**30, float("inf"), float("nan"), -5])
@pytest.mark.parametrize("kind", ["sparkline", "bars", "columns", "lines"])
def test_every_value_can_be_drawn(kind, value):
    assert not re.search(r'="[^"]*(nan|inf|e\+)', CHARTS[kind]("x", value))


@pytest.mark.parametrize("count", [0, 1, 10**30, -5])
def test_every_count_of_a_day_can_be_drawn(count):
    assert read(CHARTS["calendar"]("x", count)).tag.endswith("svg")


def test_bars_are_as_long_as_their_values():
    assert widths(charts.bars([("a", 8), ("b", 2), ("c", 0)], "x")) == [100, 25, 0]


def test_bars_that_are_all_zero_have_no_length():
    assert widths(charts.bars([("a", 0), ("b", 0)], "x")) == [0, 0]


@pytest.mark.parametrize(
    "svg", [charts.bars([], "x"), charts.columns([], "x"), charts.lines({}, [], "x"), charts.lines({"a": []}, [], "x")]
)
def test_without_data_a_chart_says_so(svg):
    assert shown(svg) == ["No data"]


def test_the_axis_has_round_numbers_up_to_the_highest_value():
    assert shown(charts.columns([("a", 7), ("b", 3)], "x"))[:5] == ["0", "2", "4", "6", "8"]


def test_the_axis_of_counts_has_no_halves():
    assert shown(charts.columns([("a", 1)], "x")) == ["0", "1", "a"]


def test_huge_numbers_are_short():
    assert shown(charts.columns([("a", 1_900_000)], "x"))[:5] == ["0", "500k", "1M", "1.5M", "2M"]


@pytest.mark.parametrize("value, text", [(9_999, "9,999"), (999_999, "1M"), (12_345, "12.3k"), (2e21, "2e+21")])
def test_a_short_number_is_the_next_one_of_three_digits(value, text):
    assert shown(charts.bars([("a", value)], "x"))[1] == text


def test_numbers_and_days_are_written_as_the_reader_writes_them():
    with override("de"):
        assert "1.234" in shown(charts.bars([("a", 1234)], "x"))
        assert "Mo" in shown(charts.calendar({}, date(2026, 1, 1), date(2026, 1, 31), "x"))
        assert 'width="33.33%"' in charts.bars([("a", 3), ("b", 1)], "x")


def test_a_limit_is_a_line_with_its_number():
    assert "limit: 2.50" in shown(charts.columns([("a", 1.0)], "x", limit=2.5))
    assert "chart-limit" not in charts.columns([("a", 1.0)], "x")


def test_little_is_not_nothing():
    heights = re.findall(r'height="([\d.]+)"', charts.columns([("a", 1), ("b", 10**9)], "x"))

    assert "1" in heights
    assert charts.columns([("a", 0), ("b", 5)], "x").count("chart-fill") == 1


def test_lines_differ_by_more_than_their_colour():
    svg = charts.lines({str(at): [1, 2] for at in range(SERIES)}, ["a", "b"], "x")
    paths = [each[0].get("d") for each in read(svg).iter("svg") if each.get("class") == "chart-mark"]
    dashes = re.findall(r"\.series-(\d) \.chart-line \{ stroke-dasharray: ([\d ]+);", CSS)

    assert len(set(paths)) == SERIES
    assert len({dash for _, dash in dashes}) == SERIES - 1  # and one that is solid


def drawn_lines(values):
    """Return the strokes of a line, each with how many points it has, and how many marks are on it."""
    [series, *_] = read(charts.lines({"a": values}, [str(at) for at in range(len(values))], "x")).iter("g")
    paths = [each.get("d") for each in series.iter("path") if each.get("class") == "chart-line"]
    marks = [each for each in series if each.get("class") == "chart-mark"]
    return [1 + stroke.count("L") for path in paths for stroke in path.split("M")[1:]], len(marks)


def test_a_line_has_a_gap_where_there_is_no_value():
    assert drawn_lines([1, 2, None, 3, 4]) == ([2, 2], 4)


def test_a_point_between_gaps_is_seen_however_many_points_there_are():
    assert drawn_lines([None] * 23 + [5])[1] == 1
    assert drawn_lines([None, 5] + [None] * 22)[1] == 1


def test_a_line_without_any_value_is_not_drawn():
    assert drawn_lines([None, None]) == ([], 0)


def test_a_day_with_more_has_a_larger_square():
    svg = charts.calendar({date(2026, 1, 5): 1, date(2026, 1, 6): 9}, date(2026, 1, 1), date(2026, 1, 31), "x")
    [few, many] = [int(each.get("width")) for each in read(svg).iter("rect")]

    assert few < many


def test_days_beyond_the_period_are_not_drawn():
    svg = charts.calendar({date(2025, 12, 31): 5}, date(2026, 1, 1), date(2026, 1, 2), "x")

    assert "<rect" not in svg


def test_a_sparkline_is_small_enough_for_a_list_of_a_hundred():
    assert len(charts.sparkline(list(range(12)), "Python in twelve months")) < 700


@pytest.mark.parametrize(
    "theme", [r":root \{", r":not\(\[data-theme=\"light\"\]\) \{", r":root\[data-theme=\"dark\"\] \{"]
)
def test_every_colour_stands_out_from_its_ground(theme):
    [block] = re.findall(theme + r"([^}]*)\}", CSS)
    colours = dict(re.findall(r"--chart-([\w]+): #(\w{6});", block))
    weak = {
        name
        for name, colour in colours.items()
        if name not in ("ground", "grid")
        and contrast(colour, colours["ground"]) < (TEXTS if name in ("text", "limit") else GRAPHICS)
    }

    assert len(colours) == 5 + SERIES
    assert not weak


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    channels = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
