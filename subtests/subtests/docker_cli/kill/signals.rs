//! Signals, and series of them.

use std::fmt;

use dockertest::prelude::*;
use nix::sys::signal::Signal;

/// Signals whose effect is not to be reported.
pub(super) const KILL: i32 = 9;
pub(super) const CHLD: i32 = 17;
pub(super) const CONT: i32 = 18;
pub(super) const STOP: i32 = 19;
pub(super) const WINCH: i32 = 28;
pub(super) const SYS: i32 = 31;

/// Those that clients of docker 27 and later count: at the third one they end.
pub(super) const INTERRUPTS: [i32; 2] = [2, 15];

/// The signals that may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signals(Vec<i32>);

impl Signals {
    /// Those of a range without some: `[1, 31]` is 1 to 30, `[1, 31, 2]` every second of them, `[31]` is 0 to 30.
    pub(super) fn of_range(range: &[i32], skipped: &[i32]) -> Outcome<Self> {
        let (from, to, step) = match *range {
            [to] => (0, to, 1),
            [from, to] => (from, to, 1),
            [from, to, step] => (from, to, step),
            _ => (0, 0, 1),
        };
        let step = usize::try_from(step).ok().filter(|step| *step > 0).ok_or_else(|| {
            std::io::Error::other(format!("the option `kill_signals` has the step {step}, expected one from 1"))
        })?;
        let numbers: Vec<i32> = (from..to).step_by(step).filter(|number| !skipped.contains(number)).collect();
        if numbers.is_empty() {
            return Err(NotApplicable::because("`kill_signals` and `skip_signals` leave no signal to send").into());
        }
        Ok(Signals(numbers))
    }

    pub(super) fn numbers(&self) -> &[i32] {
        &self.0
    }
}

/// A signal and how it is written: with `-s` or `--signal=`, as a number or as a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sending {
    pub(super) number: i32,
    pub(super) by_name: bool,
    pub(super) long: bool,
}

impl Sending {
    /// In one of the ways that are left open.
    pub(super) fn random(number: i32, by_name: Option<bool>) -> Self {
        Sending { number, by_name: by_name.unwrap_or_else(fastrand::bool), long: fastrand::bool() }
    }

    /// As a word of the command line: `10` or `USR1`.
    pub(super) fn word(self) -> String {
        let name = Signal::try_from(self.number).ok().filter(|_| self.by_name);
        name.map_or(self.number.to_string(), |signal| signal.as_str().trim_start_matches("SIG").to_owned())
    }

    /// The words of the option: `-s 10` or `--signal=10`.
    pub(super) fn option(self) -> Vec<String> {
        if self.long { vec![format!("--signal={}", self.word())] } else { vec!["-s".to_owned(), self.word()] }
    }
}

/// In the words of the option `signals_sequence`.
impl fmt::Display for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [name, long] = [(self.by_name, "M "), (self.long, "L ")].map(|(holds, word)| if holds { word } else { "" });
        write!(f, "{name}{long}{}", self.number)
    }
}

/// Signals, one after another. The last one is KILL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sequence(pub(super) Vec<Sending>);

impl Sequence {
    /// As it is written in the option `signals_sequence`: numbers, before each `M` for its name, `L` for `--signal=`.
    pub(super) fn parse(text: &str) -> Outcome<Self> {
        let mut sequence = Vec::new();
        let (mut by_name, mut long) = (false, false);
        for word in text.split_whitespace() {
            match word {
                "M" => by_name = true,
                "L" => long = true,
                number => {
                    let number = number.parse().map_err(|_| {
                        std::io::Error::other(format!("`signals_sequence` has `{word}`, expected a number, M or L"))
                    })?;
                    sequence.push(Sending { number, by_name, long });
                    (by_name, long) = (false, false);
                }
            }
        }
        Ok(Sequence(sequence).with_kill(false))
    }

    /// So many random signals, each in one of the ways that are left open. None comes twice in a row: a shell that has
    /// just reported a signal may forget the next one, if it is the same, because it has not taken note yet that it is
    /// done with the first.
    pub(super) fn random(signals: &Signals, count: usize, by_name: Option<bool>) -> Self {
        let mut numbers: Vec<i32> = Vec::with_capacity(count);
        for _ in 0..count {
            let others = signals.numbers().iter().filter(|number| numbers.last() != Some(number));
            numbers.extend(fastrand::choice(others.collect::<Vec<_>>()).or(numbers.last()).copied());
        }
        let sequence = numbers.into_iter().map(|number| Sending::random(number, by_name)).collect();
        Sequence(sequence).with_kill(by_name.unwrap_or(false))
    }

    /// With KILL at the end, if it is not there.
    fn with_kill(mut self, by_name: bool) -> Self {
        if self.0.last().is_none_or(|last| last.number != KILL) {
            self.0.push(Sending { number: KILL, by_name, long: false });
        }
        self
    }

    /// With each signal before the last one.
    pub(super) fn with(mut self, numbers: &[i32]) -> Self {
        let last = self.0.pop();
        self.0.extend(numbers.iter().map(|number| Sending { number: *number, by_name: false, long: false }));
        self.0.extend(last);
        self
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&[1, 4], &[], &[1, 2, 3])]
    #[case(&[3], &[0], &[1, 2])]
    #[case(&[1, 8, 3], &[4], &[1, 7])]
    fn a_range_excludes_its_end(#[case] range: &[i32], #[case] skipped: &[i32], #[case] expected: &[i32]) {
        assert_eq!(Signals::of_range(range, skipped).unwrap().numbers(), expected);
    }

    #[rstest]
    #[case::nothing_left(&[1, 2], &[1])]
    #[case::empty(&[5, 5], &[])]
    #[case::backwards(&[1, 31, 0], &[])]
    fn a_range_without_signals_is_refused(#[case] range: &[i32], #[case] skipped: &[i32]) {
        assert!(Signals::of_range(range, skipped).is_err());
    }

    #[test]
    fn a_sequence_is_written_as_it_is_read() {
        let sequence = Sequence::parse("10 M 12 L 1 M L 2 9").unwrap();
        let options: Vec<String> = sequence.0.iter().map(|sending| sending.option().join(" ")).collect();
        assert_eq!(options, ["-s 10", "-s USR2", "--signal=1", "--signal=INT", "-s 9"]);
        assert_eq!(sequence.to_string(), "10 M 12 L 1 M L 2 9");
        assert!(Sequence::parse("10 X").is_err());
    }

    #[test]
    fn kill_comes_last() {
        assert_eq!(Sequence::parse("10").unwrap().with(&[2, 15]).to_string(), "10 2 15 9");
        assert_eq!(Sequence::parse("").unwrap().to_string(), "9");
        let signals = Signals::of_range(&[1, 9], &[]).unwrap();
        let random = Sequence::random(&signals, 50, Some(true));
        assert_eq!((random.0.len(), random.to_string().ends_with(" M 9")), (51, true));
        assert_eq!(Sequence::parse(&random.to_string()).unwrap(), random);
        assert!(random.0.windows(2).all(|pair| pair[0].number != pair[1].number), "{random}");
        let lonely = Signals::of_range(&[5, 6], &[]).unwrap();
        assert_eq!(Sequence::random(&lonely, 3, Some(true)).0.len(), 4);
    }
}
