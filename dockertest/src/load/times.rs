//! Times and durations as reports write them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A time by ISO 8601, in microseconds since 1970-01-01 UTC; one that names no time zone is of this one.
pub(super) fn time_us(text: &str, zone: &TimeZone) -> Option<i64> {
    let text = text.trim();
    let time = text.parse::<Timestamp>().ok().or_else(|| {
        let time: DateTime = text.parse().ok()?;
        Some(time.to_zoned(zone.clone()).ok()?.timestamp())
    });
    time.map(Timestamp::as_microsecond)
}

/// A duration in seconds: `1.5`, `1,234.5` (thousands), `0,25` (a comma for a point). Nothing for what is none.
pub(super) fn seconds(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches(['s', ' ']);
    let plain = if text.contains('.') { text.replace(',', "") } else { text.replacen(',', ".", 1) };
    plain.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0)
}

/// Seconds as microseconds; saturates.
#[expect(clippy::cast_possible_truncation, reason = "saturates")]
pub(super) fn microseconds(seconds: f64) -> i64 {
    (seconds * 1e6).round() as i64
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::no_zone("2027-01-15T08:00:00", Some(1_800_000_000_000_000))]
    #[case::a_blank("2027-01-15 08:00:00.25", Some(1_800_000_000_250_000))]
    #[case::utc("2027-01-15T08:00:00Z", Some(1_800_000_000_000_000))]
    #[case::a_zone("2027-01-15T10:00:00.000000+02:00", Some(1_800_000_000_000_000))]
    #[case::before_1970("1969-12-31T23:59:59Z", Some(-1_000_000))]
    #[case::a_day("2027-01-15", Some(1_799_971_200_000_000))]
    #[case::words("yesterday", None)]
    #[case::nothing("", None)]
    #[case::no_such_day("2027-02-30T00:00:00", None)]
    fn times(#[case] text: &str, #[case] expected: Option<i64>) {
        assert_eq!(time_us(text, &TimeZone::UTC), expected);
    }

    #[test]
    fn only_a_time_without_a_zone_is_of_the_one_that_is_usual() {
        let berlin = TimeZone::fixed(jiff::tz::offset(1));
        assert_eq!(time_us("2027-01-15T09:00:00", &berlin), Some(1_800_000_000_000_000));
        assert_eq!(time_us("2027-01-15T08:00:00Z", &berlin), Some(1_800_000_000_000_000));
    }

    #[rstest]
    #[case("1.5", Some(1.5))]
    #[case(" 0.001 ", Some(0.001))]
    #[case("1,234.567", Some(1234.567))]
    #[case("0,25", Some(0.25))]
    #[case("12", Some(12.0))]
    #[case("2s", Some(2.0))]
    #[case("1e-3", Some(0.001))]
    #[case("-1", None)]
    #[case("NaN", None)]
    #[case("inf", None)]
    #[case("", None)]
    #[case("fast", None)]
    fn durations(#[case] text: &str, #[case] expected: Option<f64>) {
        assert_eq!(seconds(text), expected);
    }
}
