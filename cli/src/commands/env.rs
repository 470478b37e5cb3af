//! `dockertest env`

use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dockertest::config::{Configuration, Origin, Setting};
use dockertest::environment::capsule::{Capsule, CapsuleOptions, StandingCapsule, not_made, prune};
use dockertest::environment::{EnvironmentNote, prune_callouts};
use dockertest::host::{CancelToken, HostProgram, stop_signals};
use serde_json::json;
use signal_hook::consts::SIGINT;

use crate::args::env::{Dispose, EnvCommand, Exec, Provision, Shell};
use crate::args::{Engine, Sources};
use crate::screen::{Problem, Screen};
use crate::sources::{self, Folders, absolute};
use crate::{environment, hosts, signals, status};

/// Exit status: something is left that should not be.
const LEFT: u8 = 1;

pub(crate) fn env(command: &EnvCommand, screen: &Screen) -> Result<u8, Problem> {
    match command {
        EnvCommand::Shell(wanted) => shell(wanted, screen),
        EnvCommand::Provision(wanted) => provision(wanted, screen),
        EnvCommand::List { json } => list(*json, screen),
        EnvCommand::Exec(wanted) => exec(wanted),
        EnvCommand::Dispose(wanted) => dispose(wanted, screen),
        EnvCommand::Prune { sources } => prune_all(sources, screen),
    }
}

/// What a capsule is to be like, by the configuration: as a step of a run finds it. Where none can be made, that is said.
fn options(
    engine: &Engine,
    wanted: &Sources,
    cancel: &CancelToken,
    screen: &Screen,
) -> Result<CapsuleOptions, Problem> {
    let set: Vec<String> = wanted.set.iter().cloned().chain(engine.as_settings(&wanted.set)?).collect();
    let layers = sources::layers(&Folders::find(wanted), &set);
    let configuration = layers.load().map_err(|failure| sources::explain(&failure))?;
    if engine.engine.is_none() {
        check_client(&configuration)?;
    }
    let provider = environment::configured()?
        .capsules(&configuration, cancel)
        .map_err(|failure| environment::not_chosen(failure, cancel))?;
    match provider.obstacle() {
        None => {
            if let Some(note) = EnvironmentNote::of_image(&provider) {
                screen.note(note);
            }
            Ok(provider.options().clone())
        }
        Some(obstacle) => Err(Problem::new(obstacle)),
    }
}

/// By its name, the program that somebody has typed says which kind of engine is wanted: one that is nowhere is a slip.
fn check_client(configuration: &Configuration) -> Result<(), Problem> {
    let defaults = configuration.defaults();
    match defaults.settings.get("docker_path") {
        Some(Setting { value, origin: origin @ Origin::CommandLine { .. } })
            if value.contains('/') && !Path::new(value).exists() =>
        {
            Err(Problem::new(format!("{origin}: there is no program `{value}`")))
        }
        _ => Ok(()),
    }
}

fn shell(wanted: &Shell, screen: &Screen) -> Result<u8, Problem> {
    let capsule = interruptible(|cancel| {
        let options = options(&wanted.engine, &wanted.sources, cancel, screen)?;
        Capsule::start_unless(&hosts::door()?, &options, cancel).map_err(|failure| Problem::new(not_made(&failure)))
    })?;
    let is_interactive = wanted.command.is_empty();
    let program = if is_interactive { user_shell() } else { program(&wanted.command) };
    if is_interactive {
        screen.note(format!("a shell in the capsule {}: with its end all is gone", capsule.id()));
    }
    let inside = capsule.program(&program, &paths(&shared(&wanted.share)));
    let ended = Command::new(&inside.path).args(&inside.arguments).status();
    capsule.dispose()?;
    Ok(code(ended?))
}

/// Makes a capsule for a command, given up when a signal comes meanwhile. Later Ctrl-C is for what runs in the capsule, which
/// gets it from the terminal, too; then there is something to do here. The other signals end this program, and the capsule
/// with it.
fn interruptible(make: impl FnOnce(&CancelToken) -> Result<Capsule, Problem>) -> Result<Capsule, Problem> {
    let cancel = CancelToken::new()?;
    let is_made = Arc::new(AtomicBool::new(false));
    let forwarding = signals::forward(&cancel)?;
    for signal in stop_signals().into_iter().filter(|signal| *signal != SIGINT) {
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&is_made))?;
    }
    let status = |problem: Problem| match signals::status(&cancel) {
        Some(status) => problem.with_status(status),
        None => problem,
    };
    let capsule = make(&cancel).map_err(status)?;
    is_made.store(true, Ordering::SeqCst);
    drop(forwarding);
    match cancel.reason() {
        Some(reason) => Err(status(Problem::new(format!("interrupted: {reason}")))),
        None => Ok(capsule),
    }
}

fn user_shell() -> HostProgram {
    let shell = std::env::var_os("SHELL").filter(|shell| !shell.is_empty());
    HostProgram::new(shell.unwrap_or_else(|| OsString::from("/bin/sh")))
}

fn program(command: &[OsString]) -> HostProgram {
    let (path, arguments) =
        command.split_first().map_or((OsString::new(), &[][..]), |(path, rest)| (path.clone(), rest));
    HostProgram::new(path).arguments(arguments.to_vec())
}

fn shared(folders: &[PathBuf]) -> Vec<PathBuf> {
    folders.iter().map(|folder| absolute(folder)).collect()
}

fn paths(folders: &[PathBuf]) -> Vec<&Path> {
    folders.iter().map(PathBuf::as_path).collect()
}

/// As a shell tells it.
fn code(status: ExitStatus) -> u8 {
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    u8::try_from(code).unwrap_or(u8::MAX)
}

fn provision(wanted: &Provision, screen: &Screen) -> Result<u8, Problem> {
    let cancel = CancelToken::new()?;
    let _forwarding = signals::forward(&cancel)?;
    let (options, host) = (options(&wanted.engine, &wanted.sources, &cancel, screen)?, hosts::door()?);
    // A capsule that stays and that nobody was told of would be left over: whoever wants to stop this waits until it is told.
    for _ in 0..wanted.count.get() {
        if let Some(status) = signals::status(&cancel) {
            return Ok(status);
        }
        let capsule = Capsule::leave(&host, &options).map_err(|failure| Problem::new(not_made(&failure)))?;
        if let Err(problem) = screen.output(format!("{}\n", capsule.id())) {
            capsule.dispose()?;
            return Err(problem);
        }
    }
    Ok(status::SUCCESS)
}

fn list(json: bool, screen: &Screen) -> Result<u8, Problem> {
    let all = StandingCapsule::all();
    let mut text = String::new();
    if json {
        let entries: Vec<_> = all
            .iter()
            .map(|capsule| {
                json!({
                    "id": capsule.id(),
                    "pid": capsule.pid(),
                    "engine": engine(capsule),
                    "age-seconds": age(capsule).as_secs_f64(),
                    "stays": capsule.stays(),
                    "folder": capsule.folder(),
                })
            })
            .collect();
        writeln!(text, "{}", serde_json::to_string_pretty(&entries)?)?;
    } else if all.is_empty() {
        text.push_str("no capsules: dockertest env provision\n");
    } else {
        let width = all.iter().map(|capsule| capsule.id().len()).max().unwrap_or(0);
        for capsule in &all {
            let stays = if capsule.stays() { "stays" } else { "goes with its run" };
            let (id, engine, age, pid) = (capsule.id(), engine(capsule), told(age(capsule)), capsule.pid());
            writeln!(text, "{id:width$}  {engine:10}  {age:>7}  pid {pid:<8}  {stays}")?;
        }
    }
    screen.output(text)?;
    Ok(status::SUCCESS)
}

fn engine(capsule: &StandingCapsule) -> String {
    capsule.engine().map_or_else(|| "podman".to_owned(), |engine| engine.display().to_string())
}

/// A clock that was set back makes it young.
fn age(capsule: &StandingCapsule) -> Duration {
    capsule.made().elapsed().unwrap_or_default()
}

fn told(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3600),
    }
}

fn named(id: &str) -> Result<StandingCapsule, Problem> {
    let there = || StandingCapsule::all().iter().map(StandingCapsule::id).collect::<Vec<_>>();
    StandingCapsule::named(id).ok_or_else(|| Problem::new(unknown(id, &there())))
}

fn unknown(id: &str, there: &[String]) -> String {
    match there {
        [] => format!("there is no capsule `{id}`, nor any other: `dockertest env provision` makes one"),
        [one] => format!("there is no capsule `{id}`, only `{one}`"),
        many => format!("there is no capsule `{id}`; there are {}", many.join(", ")),
    }
}

/// Replaces this process, which nobody needs any more.
fn exec(wanted: &Exec) -> Result<u8, Problem> {
    let inside = named(&wanted.id)?.program(&hosts::door()?, &program(&wanted.command), &paths(&shared(&wanted.share)));
    let error = Command::new(&inside.path).args(&inside.arguments).exec();
    Err(Problem::new(format!("cannot start `{}`: {error}", inside.path.display())))
}

fn dispose(wanted: &Dispose, screen: &Screen) -> Result<u8, Problem> {
    let chosen: Vec<StandingCapsule> = if wanted.all {
        StandingCapsule::all().into_iter().filter(StandingCapsule::stays).collect()
    } else {
        wanted.id.iter().map(|id| named(id)).collect::<Result<_, _>>()?
    };
    let mut done = status::SUCCESS;
    for capsule in chosen {
        if let Err(failure) = capsule.dispose() {
            screen.problem(&Problem::from(failure));
            done = LEFT;
        }
    }
    Ok(done)
}

fn prune_all(sources: &Sources, screen: &Screen) -> Result<u8, Problem> {
    let configuration = sources::layers(&Folders::find(sources), &sources.set).load();
    let options = configuration
        .map_err(|failure| sources::explain(&failure))
        .and_then(|configuration| Ok(CapsuleOptions::configured(&configuration)?))
        .unwrap_or_else(|problem| {
            screen.warning(format!("only `/tmp` is looked through, not the folder of `capsule_data`: {problem}"));
            CapsuleOptions::new()
        });
    for folder in prune(&options) {
        screen.output(format!("removed {}\n", folder.display()))?;
    }
    let mut done = status::SUCCESS;
    for pruned in prune_callouts(&sources::here()?, &|text| screen.note(text))? {
        screen.output(format!("{pruned}\n"))?;
        if pruned.problem.is_some() {
            done = LEFT;
        }
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_a_unit_that_is_read_at_a_glance() {
        let told = |seconds| told(Duration::from_secs(seconds));
        assert_eq!([told(5), told(121), told(7300)], ["5 s", "2 min", "2 h"]);
    }

    #[test]
    fn who_names_no_capsule_is_told_which_there_are() {
        let there = ["capsule-1", "capsule-2"].map(str::to_owned);
        let none = "there is no capsule `x`, nor any other: `dockertest env provision` makes one";
        assert_eq!(unknown("x", &[]), none);
        assert_eq!(unknown("x", &there[..1]), "there is no capsule `x`, only `capsule-1`");
        assert_eq!(unknown("x", &there), "there is no capsule `x`; there are capsule-1, capsule-2");
    }

    #[test]
    fn an_end_by_a_signal_is_told_as_a_shell_does() {
        assert_eq!(code(ExitStatus::from_raw(9)), 137);
        assert_eq!(code(ExitStatus::from_raw(7 << 8)), 7);
    }
}
