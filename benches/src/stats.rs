//! Rounds, medians, ratios.

use std::io;
use std::time::Duration;

/// One thing that is measured: a name and something to do, which says how long it took.
pub struct Candidate<'a> {
    name: String,
    work: Box<dyn FnMut() -> io::Result<Duration> + 'a>,
}

impl std::fmt::Debug for Candidate<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Candidate").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<'a> Candidate<'a> {
    /// Something that does its work once each time and gives back the time that counts.
    pub fn new(name: impl Into<String>, work: impl FnMut() -> io::Result<Duration> + 'a) -> Self {
        Candidate { name: name.into(), work: Box::new(work) }
    }
}

/// What was measured: for each candidate the time of each round.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The candidates' names.
    pub names: Vec<String>,
    /// Seconds, by candidate and round.
    pub seconds: Vec<Vec<f64>>,
}

/// Lets the candidates take turns, `rounds` times, after one round that does not count. The order alternates, so
/// that none always runs after the same other one.
///
/// # Errors
/// What kept a candidate from doing its work.
pub fn take_turns(rounds: usize, mut candidates: Vec<Candidate<'_>>) -> io::Result<Series> {
    let mut seconds = vec![Vec::with_capacity(rounds); candidates.len()];
    for round in 0..=rounds {
        for turn in 0..candidates.len() {
            let index = if round % 2 == 0 { turn } else { candidates.len() - 1 - turn };
            let candidate = &mut candidates[index];
            let took = (candidate.work)()
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", candidate.name)))?;
            if round > 0 {
                seconds[index].push(took.as_secs_f64());
            }
        }
    }
    Ok(Series { names: candidates.into_iter().map(|candidate| candidate.name).collect(), seconds })
}

impl Series {
    /// The median time of a candidate, in seconds.
    #[must_use]
    pub fn median(&self, candidate: usize) -> f64 {
        median(self.seconds[candidate].clone())
    }

    /// The median of the ratios `a / b` within each round.
    #[must_use]
    pub fn ratio(&self, a: usize, b: usize) -> f64 {
        self.each(|round| self.seconds[a][round] / self.seconds[b][round])
    }

    /// The median of something that is made of the figures of a round.
    pub fn each(&self, figure: impl Fn(usize) -> f64) -> f64 {
        let rounds = self.seconds.first().map_or(0, Vec::len);
        median((0..rounds).map(figure).collect())
    }
}

/// The middle value; 0 of none.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// The value that `share` (0 to 1) of all values do not exceed; 0 of none.
#[must_use]
pub fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index"
    )]
    let index = (share * last as f64).ceil() as usize;
    values.get(index).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_that_within_rounds_and_not_of_the_medians() {
        let series =
            Series { names: vec!["a".into(), "b".into()], seconds: vec![vec![2.0, 20.0, 3.0], vec![1.0, 10.0, 1.0]] };
        assert!((series.ratio(0, 1) - 2.0).abs() < 1e-9);
        assert!((series.median(0) - 3.0).abs() < 1e-9);
    }

    #[test]
    fn quantiles_are_values_that_were_seen() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert!((quantile(values.clone(), 0.99) - 100.0).abs() < 1e-9);
        assert!((quantile(values, 0.5) - 51.0).abs() < 1e-9);
        assert!(quantile(Vec::new(), 0.5).abs() < 1e-9);
    }
}
