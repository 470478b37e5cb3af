//! A signal to the client gets through to the container.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dockertest::config::types;
use dockertest::prelude::*;
use dockertest::verdict::Verdict;
use nix::sys::signal::Signal;
use serde::Deserialize;

use super::{Options, Run, RunSimple, ran};

/// Where the container sees the folder that it shares with this machine.
const SHARED: &str = "/shared";

/// The file in it into which the script writes the time when it gets the signal.
const STOP: &str = "stop";

/// The options of the section `[docker_cli/run_simple/run_signal]`, beside those of all.
#[derive(Debug, Deserialize)]
struct OfSignal {
    listen_signal: String,
    #[serde(with = "types::seconds")]
    wait_start: Duration,
    #[serde(with = "types::seconds")]
    wait_ready: Duration,
    #[serde(with = "types::seconds")]
    signal_tolerance: Duration,
    secret_sauce: String,
}

#[derive(Default)]
pub(super) struct RunSignal;

impl SubSubtest<RunSimple> for RunSignal {
    fn run_once(&mut self, parent: &mut RunSimple, ctx: &mut Context) -> Outcome {
        let (options, of_signal): (Options, OfSignal) = (ctx.config()?, ctx.config()?);
        let signal = signal_of(&of_signal.listen_signal)?;
        let shared = share(ctx)?;
        let mut run = Run::new(&options, &parent.image, ctx)?;
        let selinux = ctx.engine().and_then(|engine| engine.facts.get("selinux")).is_some_and(|has| has == "yes");
        run.options.push(format!("--volume={}:{SHARED}{}", shared.display(), if selinux { ":z" } else { "" }));
        let mut events = ran::watch(ctx, &[&run])?;
        let mut client = run.command(ctx).spawn()?;
        client.wait_for(&format!("^{}$", of_signal.secret_sauce), of_signal.wait_ready)?;
        stays(&mut client, of_signal.wait_start)?;
        ctx.checkpoint()?;
        let begun = fs::exists(shared.join(STOP))?;
        check!(!begun, "the container gets no signal before one is sent");
        let sent = now();
        client.signal(signal)?;
        let seen = client.wait(options.docker_timeout)?.must_fail(options.exit_status)?;
        let seen = seen.prints(&format!("{}\n", of_signal.secret_sauce))?;
        came_in_time(&seen, &shared.join(STOP), sent, of_signal.signal_tolerance)?;
        ran::is_kept_or_removed(ctx, &run, &seen)?;
        let told = ran::told(&mut events, &run)?;
        let signals = ran::once(&run, &told, &seen, options.exit_status)?;
        if ctx.engine().is_some_and(|engine| engine.flavor == "docker") {
            let number = (signal as i32).to_string();
            seen.check_eq(signals.join(" "), number, "the signals that the container got, by the engine's events")?;
        }
        Ok(())
    }
}

/// A folder that anybody may write to, so that it does not matter who the container's user is out here.
fn share(ctx: &Context) -> Outcome<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let shared = ctx.tmp().join("shared");
    fs::create_dir_all(&shared)?;
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o777))?;
    Ok(shared)
}

/// `SIGUSR1`, `USR1` or `10`.
fn signal_of(text: &str) -> Outcome<Signal> {
    let wrong = || Failure::new(Verdict::Error, format!("the option `listen_signal` is no signal: `{text}`"));
    if let Ok(number) = text.parse::<i32>() {
        return Signal::try_from(number).map_err(|_| wrong());
    }
    let name = if text.starts_with("SIG") { text.to_owned() } else { format!("SIG{text}") };
    name.parse().map_err(|_| wrong())
}

/// Fails when the client ends or prints something within this time.
fn stays(client: &mut Running, time: Duration) -> Outcome {
    let printed = client.mark();
    let unexpected = client.wait_for_new(&printed, "", time);
    if let Ok(line) = unexpected {
        check_eq!(line, "", "what the client prints before it gets the signal");
        check!(false, "the client prints nothing before it gets the signal");
    }
    check!(client.is_running(), "the client runs for {} s, until it gets the signal", time.as_secs_f64());
    Ok(())
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// Fails unless the container wrote the time at which the signal was sent.
fn came_in_time(seen: &Completed, file: &std::path::Path, sent: f64, tolerance: Duration) -> Outcome {
    let written = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            return seen.check(false, format!("the container wrote when it got the signal ({error})"));
        }
    };
    let time = written.trim().parse::<f64>().ok().filter(|time| time.is_finite());
    let Some(time) = time else {
        return seen.check_eq(written, "a time in seconds", "what the container wrote when it got the signal");
    };
    // The container's time may be in whole seconds.
    let late = time - sent;
    let range = -1.0..=tolerance.as_secs_f64();
    seen.check(
        range.contains(&late),
        format!("the signal gets through within {} s; {late:.1} s passed", tolerance.as_secs_f64()),
    )
}
