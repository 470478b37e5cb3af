//! What must be refused, and must do no harm.

use dockertest::prelude::*;

use super::Kill;
use super::options::Options;
use super::play::finish;
use super::signals::{KILL, Sending, Sequence};
use super::target::Target;

/// A signal that is fine.
const USR1: Sending = Sending { number: 10, by_name: true, long: false };

/// Another one that is fine.
const USR2: i32 = 12;

#[derive(Default)]
pub(super) struct Bad;

impl SubSubtest<Kill> for Bad {
    fn run_once(&mut self, parent: &mut Kill, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let unknown = ctx.container_name(options.prefix());
        let mut target = Target::start(ctx, &options)?;
        let id = target.container.id().to_owned();
        let is_podman = ctx.engine().is_some_and(|engine| engine.flavor == "podman");
        let status = if is_podman { 125 } else { 1 };
        good(ctx, &options, &mut target)?;
        // One that is not refused as it must be is no reason not to try the others, as long as it does no harm.
        let mut broken = None;
        for bad in bad_signals(&options) {
            let seen = kill(ctx, &options, &["-s", &bad, target.name()]).run()?;
            target.must_go_on(&seen.command)?;
            broken = broken.or(must_be_refused(seen, &bad, status).err());
        }
        let refused = kill(ctx, &options, &["-s", "USR1", &unknown]).must_fail(status)?;
        names(&refused, &unknown)?;
        names(&refused, "no such container")?;
        let refused = ctx.docker(["kill"]).must_fail(status)?;
        refused.check(!refused.said().is_empty(), "a message says that a container is missing")?;
        if !is_podman {
            self.some_are_unknown(ctx, &options, &mut target, &unknown)?;
        }
        good(ctx, &options, &mut target)?;
        broken.map_or(Ok(()), Err)?;
        let sent = if is_podman { vec![USR1.number; 2] } else { vec![USR1.number, USR2, USR1.number] };
        target.must_have_reported(&sent, &refused.command)?;
        target.must_go_on(&refused.command)?;
        let name = target.name().to_owned();
        // Without a signal it is KILL.
        finish(ctx, &options, target, &Sequence(Vec::new()))?;
        let refused = kill(ctx, &options, &["-s", "USR1", &name]).must_fail(status)?;
        let text = refused.stderr_text().to_lowercase();
        let says_so = text.contains("not running") || text.contains("running containers");
        refused.check(says_so && (text.contains(&name) || text.contains(&id)), "the message says that it does not run")?;
        parent.check_bystander(&refused.command)
    }
}

impl Bad {
    /// Of several containers, those that are known get the signal.
    fn some_are_unknown(&self, ctx: &Context, options: &Options, target: &mut Target, unknown: &str) -> Outcome {
        let mark = target.client.mark();
        let half = kill(ctx, options, &["--signal=USR2", unknown, target.name()]).must_fail(1)?;
        names(&half, unknown)?;
        half.check_eq(half.stdout_text(), format!("{}\n", target.name()), "what is printed of the containers")?;
        target.wait_reported(&mark, USR2, &half.command)
    }
}

fn kill(ctx: &Context, options: &Options, words: &[&str]) -> Command {
    let own = Options::words(&options.kill_options_csv).unwrap_or_default();
    let words = ["kill".to_owned()].into_iter().chain(own).chain(words.iter().map(|word| (*word).to_owned()));
    ctx.docker(words.collect::<Vec<_>>())
}

/// A message names what is no signal, and nothing is printed.
fn must_be_refused(seen: Completed, bad: &str, status: i32) -> Outcome {
    let refused = seen.must_fail(status)?;
    names(&refused, "signal")?;
    names_number_or_word(&refused, bad)?;
    refused.check_eq(refused.stdout_text(), "", "what is printed of a refused signal")
}

/// A signal that is fine arrives.
fn good(ctx: &Context, options: &Options, target: &mut Target) -> Outcome {
    let mark = target.client.mark();
    let sent = target.kill(ctx, &options.kill_options_csv, USR1.option())?;
    target.wait_reported(&mark, USR1.number, &sent.command)
}

/// Those of the options, and some that change from run to run or cannot be written there.
fn bad_signals(options: &Options) -> Vec<String> {
    let mut bad = options.bad_signals.clone();
    bad.push(format!("-{}", fastrand::i32(2..1000)));
    bad.push(fastrand::i32(65..1000).to_string());
    bad.push(" ".to_owned());
    debug_assert!(!bad.contains(&KILL.to_string()));
    bad
}

fn names(refused: &Completed, what: &str) -> Outcome {
    let holds = refused.stderr_text().to_lowercase().contains(&what.to_lowercase());
    refused.check(holds, format!("the message has `{what}`"))
}

/// The daemon shows negative numbers as very large ones.
fn names_number_or_word(refused: &Completed, bad: &str) -> Outcome {
    let is_negative = bad.strip_prefix('-').is_some_and(|number| number.parse::<u32>().is_ok());
    if is_negative || bad.trim().is_empty() { Ok(()) } else { names(refused, bad) }
}
