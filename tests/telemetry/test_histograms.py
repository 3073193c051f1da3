"""The distributions, in literal numbers."""

from consumer.telemetry.histograms import Histogram, Histograms


def test_a_value_counts_in_the_first_bucket_that_holds_it() -> None:
    histogram = Histogram((1.0, 5.0))
    for value in (0.5, 1.0, 1.1, 5.0, 5.1, 900.0):
        histogram.observe(value)
    assert histogram.counts == [2, 2, 2]
    assert histogram.sum == 912.7


def test_an_age_below_zero_counts_as_zero() -> None:
    histogram = Histogram((1.0,))
    histogram.observe(-30.0)
    assert histogram.counts == [1, 0]
    assert histogram.sum == 0.0


def test_the_child_of_the_same_labels_is_the_same() -> None:
    histograms = Histograms((1.0,))
    histograms.of(("main", "v2")).observe(0.1)
    assert histograms.of(("main", "v2")).counts == [1, 0]
    assert [labels for labels, _ in histograms.items()] == [("main", "v2")]
