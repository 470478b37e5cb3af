//! How docker and podman write durations and sizes for people.

/// Seconds in words: one unit, rounded down.
pub(super) fn duration(seconds: u64) -> String {
    let (minutes, hours) = (seconds / 60, (seconds + 1800) / 3600);
    match seconds {
        0 => "Less than a second".to_owned(),
        1 => "1 second".to_owned(),
        2..60 => format!("{seconds} seconds"),
        60..120 => "About a minute".to_owned(),
        120..2760 => format!("{minutes} minutes"),
        2760..3600 => "About an hour".to_owned(),
        _ if hours == 1 => "About an hour".to_owned(),
        _ if hours < 48 => format!("{hours} hours"),
        _ if hours < 24 * 7 * 2 => format!("{} days", hours / 24),
        _ if hours < 24 * 30 * 2 => format!("{} weeks", hours / 24 / 7),
        _ if hours < 24 * 365 * 2 => format!("{} months", hours / 24 / 30),
        _ => format!("{} years", seconds / 3600 / 24 / 365),
    }
}

/// A number of bytes: three digits and a unit of 1000.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let (mut unit, mut scale) = (0, 1_u64);
    while bytes / scale >= 1000 && unit + 1 < UNITS.len() {
        scale *= 1000;
        unit += 1;
    }
    let whole = bytes / scale;
    let decimals = 3_usize.saturating_sub(whole.to_string().len());
    let factor = 10_u64.pow(u32::try_from(decimals).unwrap_or(0));
    let rounded = (bytes * factor + scale / 2) / scale;
    let text = if decimals == 0 {
        rounded.to_string()
    } else {
        let text = format!("{}.{:0decimals$}", rounded / factor, rounded % factor);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    format!("{text}{}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_the_engines() {
        let cases = [
            (0, "Less than a second"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "About a minute"),
            (119, "About a minute"),
            (120, "2 minutes"),
            (2759, "45 minutes"),
            (2760, "About an hour"),
            (5399, "About an hour"),
            (5400, "2 hours"),
            (86_400 * 3, "3 days"),
        ];
        for (seconds, text) in cases {
            assert_eq!(duration(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn sizes_have_three_digits() {
        let cases = [
            (0, "0B"),
            (999, "999B"),
            (12_345, "12.3kB"),
            (4_020_000, "4.02MB"),
            (104_857_600, "105MB"),
            (1000, "1kB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(size(bytes), text);
        }
    }
}
