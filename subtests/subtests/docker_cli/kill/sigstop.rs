//! A stopped container: signals wait until it continues.

use std::collections::BTreeSet;

use dockertest::outcome::Evidence;
use dockertest::prelude::*;

use super::Kill;
use super::options::Options;
use super::play::{finish, send};
use super::signals::{CHLD, CONT, KILL, STOP, Sending, Sequence, WINCH};
use super::target::{Target, list};

/// Those that the kernel drops when the process continues: TSTP, TTIN, TTOU.
const DROPPED: [i32; 3] = [20, 21, 22];

/// All that have a name but for KILL, CHLD and CONT; the first one stops the container.
const ALL: std::ops::RangeInclusive<i32> = 1..=31;

#[derive(Default)]
pub(super) struct Sigstop;

impl SubSubtest<Kill> for Sigstop {
    fn run_once(&mut self, parent: &mut Kill, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let sequence = sequence(ctx, &options)?;
        let mut target = Target::start(ctx, &options)?;
        let mut sent = BTreeSet::new();
        let mut command = String::new();
        for sending in sequence.0.iter().filter(|sending| sending.number != KILL) {
            let mark = target.client.mark();
            if sending.number == CONT {
                must_be_silent(&target, &command)?;
            }
            command = send(ctx, &options, &target, *sending)?;
            if sending.number == CONT {
                sent.insert(CONT);
                for number in &sent {
                    target.wait_reported(&mark, *number, &command)?;
                }
            } else if sending.number != STOP && !DROPPED.contains(&sending.number) {
                sent.insert(sending.number);
            }
        }
        must_be_once(&target, &sent, &command)?;
        target.must_go_on(&command)?;
        finish(ctx, &options, target, &sequence)?;
        parent.check_bystander(&command)
    }
}

/// What the options ask for; else STOP, all others, CONT.
fn sequence(ctx: &Context, options: &Options) -> Outcome<Sequence> {
    let sequence = if options.signals_sequence.trim().is_empty() {
        let by_name = options.by_name()?;
        let others = ALL.filter(|number| ![KILL, CHLD, CONT, STOP].contains(number));
        let all = [STOP].into_iter().chain(others).chain([CONT, KILL]);
        Sequence(all.map(|number| Sending::random(number, by_name)).collect())
    } else {
        Sequence::parse(&options.signals_sequence)?
    };
    ctx.info(format!("signals_sequence = {sequence}"));
    Ok(sequence)
}

/// A stopped container reports nothing.
fn must_be_silent(target: &Target, command: &str) -> Outcome {
    let seen = target.reported(&target.start)?;
    // Whatever was sent before it was stopped may have been reported.
    if seen.iter().all(|number| [CHLD, WINCH].contains(number)) {
        return Ok(());
    }
    let evidence = Evidence {
        command: Some(command.to_owned()),
        expected: Some("no report of a signal while the container is stopped".to_owned()),
        seen: Some(list(&seen)),
        ..Evidence::default()
    };
    Err(CheckFailed::new("the stopped container reports signals", evidence).into())
}

/// Each that was sent has been reported once: as long as a signal waits, it is there only once.
fn must_be_once(target: &Target, sent: &BTreeSet<i32>, command: &str) -> Outcome {
    let mut seen = target.reported(&target.start)?;
    seen.retain(|number| sent.contains(number) || ![CHLD, WINCH].contains(number));
    seen.sort_unstable();
    let expected: Vec<i32> = sent.iter().copied().collect();
    if seen == expected {
        return Ok(());
    }
    let evidence = Evidence {
        command: Some(command.to_owned()),
        expected: Some(list(&expected)),
        seen: Some(list(&seen)),
        ..Evidence::default()
    };
    Err(CheckFailed::new("the container did not get each signal once that waited for it", evidence).into())
}
