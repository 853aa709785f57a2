"""What the soak's report calls flat."""

from dataclasses import replace

from tests.load.soak.report import findings, picture, table
from tests.load.soak.watch import MEASURES, Sample

CALM = Sample(0, 150, 30, 12, 5, 4, 2, 3, 8, 40)


def run(**grown: float) -> list[Sample]:
    """Return the samples of thirty minutes in which these measures grew to their values."""
    return [
        replace(CALM, minute=at, **{k: getattr(CALM, k) + (v - getattr(CALM, k)) * at / 29 for k, v in grown.items()})
        for at in range(30)
    ]


def test_a_run_in_which_nothing_grows_is_flat():
    assert all(finding.is_flat for finding in findings(run()))


def test_each_measure_that_goes_on_growing_is_named():
    for name in MEASURES:
        grown = findings(run(**{name: 40 * getattr(CALM, name)}))

        assert [finding.name for finding in grown if not finding.is_flat] == [name]


def test_the_table_says_what_is_not_flat_and_the_picture_has_a_line_for_each_measure():
    samples = run(memory_mb=1500)

    lines = table(findings(samples))

    assert [line for line in lines if "**no**" in line] == [
        line for line in lines if line.startswith("| memory, MB |")
    ]
    assert picture(samples).count("<polyline") == len(MEASURES)
