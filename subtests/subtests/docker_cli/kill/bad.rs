//! What must be refused, and must do no harm.

use dockertest::prelude::*;

use super::Kill;
use super::options::Options;
use super::signals::KILL;
use super::target::Target;
use crate::life::words_of;

/// A signal that several containers get.
const HUP: i32 = 1;

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
        let name = target.name().to_owned();
        good(ctx, &options, &mut target, &id, ("SIGUSR1", 10))?;
        good(ctx, &options, &mut target, &name, ("usr2", 12))?;
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
        good(ctx, &options, &mut target, &name, ("RTMIN+3", 37))?;
        broken.map_or(Ok(()), Err)?;
        let sent: &[i32] = if is_podman { &[10, 12, 37] } else { &[10, 12, HUP, 37] };
        target.must_have_reported(sent, &refused.command)?;
        target.must_go_on(&refused.command)?;
        // Without a signal it is KILL.
        target.end(ctx, &options, Vec::new())?;
        let refused = kill(ctx, &options, &["-s", "USR1", &name]).must_fail(status)?;
        let text = refused.stderr_text().to_lowercase();
        let says_so = text.contains("not running") || text.contains("running containers");
        refused
            .check(says_so && (text.contains(&name) || text.contains(&id)), "the message says that it does not run")?;
        parent.check_bystander(&refused.command)
    }
}

impl Bad {
    /// Of several containers, those that are known get the signal.
    fn some_are_unknown(&self, ctx: &Context, options: &Options, target: &mut Target, unknown: &str) -> Outcome {
        let mark = target.client.mark();
        let half = kill(ctx, options, &["--signal=HUP", unknown, target.name()]).must_fail(1)?;
        names(&half, unknown)?;
        half.check_eq(half.stdout_text(), format!("{}\n", target.name()), "what is printed of the containers")?;
        target.wait_reported(&mark, HUP, &half.command)
    }
}

fn kill(ctx: &Context, options: &Options, words: &[&str]) -> Command {
    let own = words_of(&options.kill_options_csv).unwrap_or_default();
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

/// A signal that is fine arrives, in whatever words, and the container is called as it was called.
fn good(ctx: &Context, options: &Options, target: &mut Target, called: &str, signal: (&str, i32)) -> Outcome {
    let mark = target.client.mark();
    let sent = kill(ctx, options, &["-s", signal.0, called]).must_pass()?.clean()?.prints(&format!("{called}\n"))?;
    target.wait_reported(&mark, signal.1, &sent.command)
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
