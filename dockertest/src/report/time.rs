//! Times as reports write them. Local times come from the journal, never from the machine that makes the report.

use jiff::Timestamp;
use jiff::tz::Offset;

/// The time of a record as `Jan 15 08:00:00`, so many seconds ahead of UTC.
pub(crate) fn local(time_us: i64, utc_offset_seconds: i32) -> String {
    let offset = Offset::from_seconds(utc_offset_seconds).unwrap_or(Offset::UTC);
    offset.to_datetime(timestamp(time_us)).strftime("%b %d %H:%M:%S").to_string()
}

/// A time of a journal for people, `2027-01-15 08:00:00`, so many seconds ahead of UTC.
///
/// ```
/// use dockertest::report::local_time;
///
/// assert_eq!(local_time(1_800_000_000_000_000, 3600), "2027-01-15 09:00:00");
/// ```
#[must_use]
pub fn local_time(time_us: i64, utc_offset_seconds: i32) -> String {
    let offset = Offset::from_seconds(utc_offset_seconds).unwrap_or(Offset::UTC);
    offset.to_datetime(timestamp(time_us)).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A time of a journal for programs, by RFC 3339.
///
/// ```
/// use dockertest::report::utc_time;
///
/// assert_eq!(utc_time(1_800_000_000_500_000), "2027-01-15T08:00:00.5Z");
/// ```
#[must_use]
pub fn utc_time(time_us: i64) -> String {
    rfc3339(time_us)
}

/// The time of a record as `2027-01-15T08:00:00.5Z`.
pub(crate) fn rfc3339(time_us: i64) -> String {
    timestamp(time_us).to_string()
}

/// The whole seconds of the time of a record.
pub(crate) const fn whole_seconds(time_us: i64) -> i64 {
    time_us.div_euclid(1_000_000)
}

/// Seconds for people: `0.02 s`, `1.3 s`, `75 s`.
pub(crate) fn for_people(seconds: f64) -> String {
    match seconds {
        ..1.0 => format!("{seconds:.2} s"),
        ..60.0 => format!("{seconds:.1} s"),
        _ => format!("{seconds:.0} s"),
    }
}

/// Seconds, exact to the microsecond, so that no digits of chance are shown.
pub(crate) fn rounded(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

/// A duration of so many microseconds, in seconds.
pub(crate) fn seconds_of(microseconds: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact for 285 years")]
    let microseconds = microseconds as f64;
    microseconds / 1e6
}

/// A clock that was never set right must not keep a report from being made: years beyond 9999 read 1970.
fn timestamp(time_us: i64) -> Timestamp {
    Timestamp::from_microsecond(time_us).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_times_follow_the_offset_of_the_run() {
        assert_eq!(local(1_799_967_600_000_000, 3600), "Jan 15 00:00:00");
        assert_eq!(local(1_799_967_600_000_000, -5 * 3600), "Jan 14 18:00:00");
        assert_eq!(rfc3339(1_799_967_600_500_000), "2027-01-14T23:00:00.5Z");
    }

    #[test]
    fn impossible_times_do_not_stop_a_report() {
        assert_eq!(local(i64::MAX, i32::MAX), "Jan 01 00:00:00");
    }
}
