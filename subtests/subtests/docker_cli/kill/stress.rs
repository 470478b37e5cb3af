//! Many signals: in quick succession, or all at the same time.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use dockertest::outcome::Evidence;
use dockertest::prelude::*;

use super::Kill;
use super::options::Options;
use super::play::{finish, send, sequence};
use super::signals::{CHLD, CONT, KILL, STOP, Sending, Sequence, WINCH};
use super::target::{Target, list};
use crate::life::words_of;

/// Signals one after another, without waiting for the reports.
#[derive(Default)]
pub(super) struct Stress;

impl SubSubtest<Kill> for Stress {
    fn run_once(&mut self, parent: &mut Kill, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let sequence = sequence(ctx, &options)?;
        let mut target = Target::start(ctx, &options)?;
        let mut sent = BTreeMap::new();
        let mut command = String::new();
        for sending in sequence.0.iter().filter(|sending| sending.number != KILL) {
            command = send(ctx, &options, &target, *sending)?;
            *sent.entry(sending.number).or_default() += 1;
        }
        must_have_come(&mut target, &sent, &command)?;
        finish(ctx, &options, target, &sequence)?;
        parent.check_bystander(&command)
    }
}

/// All signals at the same time, again and again.
#[derive(Default)]
pub(super) struct Parallel;

impl SubSubtest<Kill> for Parallel {
    fn run_once(&mut self, parent: &mut Kill, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let by_name = options.by_name()?;
        let signals = options.signals()?;
        let signals = signals.numbers().iter().filter(|number| ![KILL, STOP].contains(number));
        let senders: Vec<Sending> = signals.map(|number| Sending::random(*number, by_name)).collect();
        ctx.info(format!("signals at the same time: {}", Sequence(senders.clone())));
        let mut target = Target::start(ctx, &options)?;
        let sent = send_all(ctx, &options, &target, senders)?;
        let command = format!("docker kill {}, with all signals at the same time", target.name());
        must_have_come(&mut target, &sent, &command)?;
        finish(ctx, &options, target, &Sequence(Vec::new()))?;
        parent.check_bystander(&command)
    }
}

/// Sends each signal again as soon as its last command has ended. Says how often each was sent.
fn send_all(ctx: &Context, options: &Options, target: &Target, senders: Vec<Sending>) -> Outcome<BTreeMap<i32, usize>> {
    let start = |sending: Sending| {
        let mut words = vec!["kill".to_owned()];
        words.extend(words_of(&options.kill_options_csv)?);
        words.extend(sending.option());
        words.push(target.name().to_owned());
        Ok::<_, Failure>((sending, ctx.docker(words).stdin("").spawn()?))
    };
    let until = Instant::now() + options.test_length;
    let mut sent = BTreeMap::new();
    let mut running: VecDeque<(Sending, Running)> = senders.into_iter().map(start).collect::<Outcome<_>>()?;
    let limit = ctx.section().seconds("docker_timeout")?.unwrap_or_default();
    // The oldest is waited for; the others go on meanwhile.
    while let Some((sending, oldest)) = running.pop_front() {
        oldest.wait(limit)?.must_pass()?.clean()?.prints(&format!("{}\n", target.name()))?;
        *sent.entry(sending.number).or_default() += 1;
        if Instant::now() < until {
            running.push_back(start(sending)?);
        }
    }
    Ok(sent)
}

/// Each signal that was sent has been reported, none more often than it was sent, and the container goes on.
fn must_have_come(target: &mut Target, sent: &BTreeMap<i32, usize>, command: &str) -> Outcome {
    let start = target.start.clone();
    for number in sent.keys().filter(|number| **number != STOP) {
        target.wait_reported(&start, *number, command)?;
    }
    let mut counts: BTreeMap<i32, usize> = BTreeMap::new();
    for number in target.reported(&start)? {
        *counts.entry(number).or_default() += 1;
    }
    let is_too_often = |(number, count): (&i32, &usize)| {
        let noise = [CHLD, CONT, WINCH].contains(number);
        (!noise && *count > sent.get(number).copied().unwrap_or_default()).then_some(*number)
    };
    let too_often: Vec<i32> = counts.iter().filter_map(is_too_often).collect();
    if !too_often.is_empty() {
        let evidence = Evidence {
            command: Some(command.to_owned()),
            expected: Some(format!("at most as many as were sent: {}", with_counts(sent))),
            seen: Some(with_counts(&counts)),
            ..Evidence::default()
        };
        let reason = format!("the container got signals that were not sent: {}", list(&too_often));
        return Err(CheckFailed::new(reason, evidence).into());
    }
    target.must_go_on(command)
}

fn with_counts(counts: &BTreeMap<i32, usize>) -> String {
    counts.iter().map(|(number, count)| format!("{number} ({count} times)")).collect::<Vec<_>>().join(", ")
}
