//! Ages and sizes as engines write them for people.

/// An age in words, without "ago".
pub(super) fn age(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, (seconds + 1800) / 3600);
    match seconds {
        ..1 => "Less than a second".to_owned(),
        1 => "1 second".to_owned(),
        2..60 => format!("{seconds} seconds"),
        60..120 => "About a minute".to_owned(),
        120..3600 => format!("{minutes} minutes"),
        _ => match hours {
            ..=1 => "About an hour".to_owned(),
            2..48 => format!("{hours} hours"),
            48..336 => format!("{} days", hours / 24),
            336..1440 => format!("{} weeks", hours / 24 / 7),
            1440..17520 => format!("{} months", hours / 24 / 30),
            _ => format!("{} years", seconds / 3600 / 24 / 365),
        },
    }
}

/// Whether a text tells an age that something had at a time between these two, give or take a second.
pub(super) fn tells_age(text: &str, youngest: i64, oldest: i64) -> bool {
    (youngest - 1..=oldest + 1).any(|seconds| text == format!("{} ago", age(seconds)))
}

/// Units of sizes, each a thousand times the one before.
const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];

/// Whether a text tells a size in bytes, with three significant digits.
pub(super) fn tells_size(text: &str, size: i64) -> bool {
    let Some(letters) = text.find(|c: char| c.is_ascii_alphabetic() && c != 'e') else { return false };
    let (number, unit) = text.split_at(letters);
    let Ok(number) = number.trim_end().parse::<f64>() else { return false };
    let Some(place) = UNITS.iter().position(|known| *known == unit) else { return false };
    let factor = std::iter::repeat_n(1000.0, place).product::<f64>();
    let Ok(size) = i32::try_from(size).map(f64::from).or_else(|_| size.to_string().parse::<f64>()) else {
        return false;
    };
    let in_range = number < 1000.0 + 0.5 && (number >= 1.0 || place == 0);
    in_range && (number * factor - size).abs() <= size * 0.0051
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(0, "Less than a second")]
    #[case(1, "1 second")]
    #[case(59, "59 seconds")]
    #[case(119, "About a minute")]
    #[case(3599, "59 minutes")]
    #[case(3600, "About an hour")]
    #[case(5399, "About an hour")]
    #[case(5400, "2 hours")]
    #[case(3 * 3600, "3 hours")]
    #[case(48 * 3600, "2 days")]
    #[case(14 * 24 * 3600, "2 weeks")]
    #[case(60 * 24 * 3600, "2 months")]
    #[case(2 * 365 * 24 * 3600, "2 years")]
    fn ages_are_in_words(#[case] seconds: i64, #[case] expected: &str) {
        assert_eq!(age(seconds), expected);
    }

    #[rstest]
    #[case("1.23MB", 1_234_567, true)]
    #[case("1.23 MB", 1_234_567, true)]
    #[case("1.25MB", 1_234_567, false)]
    #[case("54.3kB", 54_321, true)]
    #[case("0B", 0, true)]
    #[case("27B", 27, true)]
    #[case("28B", 27, false)]
    #[case("1e+03kB", 999_600, true)]
    #[case("1.23", 1, false)]
    #[case("MB", 1, false)]
    #[case("1.23XB", 1_234_567, false)]
    #[case("0.0543MB", 54_321, false)]
    fn sizes_have_three_digits(#[case] text: &str, #[case] size: i64, #[case] holds: bool) {
        assert_eq!(tells_size(text, size), holds);
    }
}
