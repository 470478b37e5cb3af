//! Sending a series of signals.

use dockertest::prelude::*;
use nix::sys::signal::Signal;

use super::options::Options;
use super::signals::{INTERRUPTS, KILL, Sending, Sequence};
use super::target::Target;

/// The signals that the options ask for, told in the log so that they can be sent again.
pub(super) fn sequence(ctx: &Context, options: &Options) -> Outcome<Sequence> {
    let sequence = if options.signals_sequence.trim().is_empty() {
        let random = Sequence::random(&options.signals()?, options.no_iterations, options.by_name()?);
        // These end a client when they come too often, so they are left out of its random ones.
        if options.sigproxy()? { random.with(&INTERRUPTS) } else { random }
    } else {
        Sequence::parse(&options.signals_sequence)?
    };
    ctx.info(format!("signals_sequence = {sequence}"));
    Ok(sequence)
}

/// Sends one, by `docker kill` or to the client. Says which command it was.
pub(super) fn send(ctx: &Context, options: &Options, target: &Target, sending: Sending) -> Outcome<String> {
    if options.sigproxy()? {
        let signal = Signal::try_from(sending.number)?;
        target.client.signal(signal)?;
        return Ok(format!("kill -{} {}  # {}", sending.number, target.client.pid(), target.client.typed()));
    }
    Ok(target.kill(ctx, &options.kill_options_csv, sending.option())?.command)
}

/// Sends KILL in the way that the series ends with, and checks that it does what it must.
pub(super) fn finish(ctx: &Context, options: &Options, target: Target, sequence: &Sequence) -> Outcome {
    let last = sequence.0.last().copied().filter(|last| last.number == KILL);
    let last = last.unwrap_or(Sending { number: KILL, by_name: false, long: false });
    target.end(ctx, options, last.option())
}
