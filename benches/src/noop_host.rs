//! A host whose subtests do nothing, so that what is measured is everything else.
//!
//! It holds 1000 subtests `t000` to `t999`, registered as any other, `hang`, which does not stop when it is asked to, and
//! `pause0` to `pause7`, which wait a little. With [`COUNT_VARIABLE`] it pretends to hold another number of them, `c00000` and so on, without their
//! registration: it speaks the protocol by itself then, so that its start costs the same whatever the number is.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use benches::stamps;
use benches::{COUNT_VARIABLE, PLUGIN_PREFIX, counted_name};
use dockertest::host::protocol::{Hello, HostMessage, SubtestInfo};
use dockertest::inventory;
use dockertest::outcome::{Ending, Phase};
use dockertest::subtest::{Context, Folder, Outcome, Registration, Subtest};
use dockertest::verdict::Verdict;

#[derive(Default)]
struct Noop;

impl Subtest for Noop {}

/// What [`dockertest::subtest!`] does, for modules that need not be there.
macro_rules! register {
    ($module:expr, $make:expr) => {
        inventory::submit! {
            Registration {
                module: $module,
                summary: "Does nothing.",
                folder: Folder { package: env!("CARGO_MANIFEST_DIR"), file: file!() },
                children: &[],
                make: $make,
            }
        }
    };
}

/// Registers a subtest for every number of three digits.
macro_rules! thousand {
    ($($hundred:literal)+) => { $(thousand!(@tens $hundred; 0 1 2 3 4 5 6 7 8 9);)+ };
    (@tens $hundred:literal; $($ten:literal)+) => { $(thousand!(@ones $hundred $ten; 0 1 2 3 4 5 6 7 8 9);)+ };
    (@ones $hundred:literal $ten:literal; $($one:literal)+) => {
        $(register!(concat!("noop::t", $hundred, $ten, $one), || Box::new(Noop));)+
    };
}

thousand!(0 1 2 3 4 5 6 7 8 9);

/// Does not heed a wish to stop, so that it has to be killed.
#[derive(Default)]
struct Hang;

impl Subtest for Hang {
    fn run_once(&mut self, _ctx: &mut Context) -> Outcome {
        // Ends by being killed, which is what is measured.
        std::thread::sleep(Duration::from_secs(600));
        Ok(())
    }
}

register!("noop::hang", || Box::new(Hang));

/// Takes long enough to get a new engine ready meanwhile.
#[derive(Default)]
struct Pause;

impl Subtest for Pause {
    fn run_once(&mut self, _ctx: &mut Context) -> Outcome {
        // Its length is what matters: a step that has something to do.
        std::thread::sleep(Duration::from_millis(700));
        Ok(())
    }
}

/// Those of [`benches::PAUSES`].
macro_rules! pauses {
    ($($number:literal)+) => { $(register!(concat!("noop::pause", $number), || Box::new(Pause));)+ };
}

pauses!(0 1 2 3 4 5 6 7);

fn main() -> ExitCode {
    stamps::put(stamps::BEGIN);
    let mut arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let count: Option<u32> = std::env::var(COUNT_VARIABLE).ok().and_then(|count| count.parse().ok());
    let pretended =
        take_plugin(&mut arguments).map(|name| vec![name]).or_else(|| Some((0..count?).map(counted_name).collect()));
    let code = match pretended {
        Some(names) if pretend(&names, &arguments).is_ok() => ExitCode::SUCCESS,
        Some(_) => ExitCode::FAILURE,
        None => dockertest::host::serve::main("noop-host", arguments.into_iter()),
    };
    stamps::put(stamps::END);
    code
}

/// The name of the file that this program was started by (`#!`), if that is to be a plug-in.
fn take_plugin(arguments: &mut Vec<OsString>) -> Option<String> {
    let name =
        Path::new(arguments.first()?).file_name()?.to_str().filter(|name| name.starts_with(PLUGIN_PREFIX))?.to_owned();
    arguments.remove(0);
    Some(name)
}

/// Answers as a host that holds these subtests.
fn pretend(names: &[String], arguments: &[OsString]) -> io::Result<()> {
    let mut text = Vec::new();
    let mut say = |message: HostMessage| -> io::Result<()> {
        serde_json::to_writer(&mut text, &message)?;
        text.write_all(b"\n")
    };
    let mut hello = Hello::new("noop-host");
    hello.adopts_orphans = true;
    say(HostMessage::Hello(hello))?;
    if arguments.first().is_some_and(|word| word == "list") {
        for name in names {
            let mut info = SubtestInfo::new(name.parse().map_err(io::Error::other)?);
            info.summary = "Does nothing.".to_owned();
            say(HostMessage::Subtest(info))?;
        }
        say(HostMessage::Listed { subtests: u32::try_from(names.len()).map_err(io::Error::other)? })?;
    } else {
        io::stdin().read_line(&mut String::new())?;
        for phase in
            [Phase::Initialize, Phase::RunOnce, Phase::PostprocessIteration, Phase::Postprocess, Phase::Cleanup]
        {
            say(HostMessage::Phase { subsubtest: None, phase, iteration: None })?;
        }
        say(HostMessage::Ended(Ending::new(Verdict::Good, "completed successfully")))?;
    }
    io::stdout().write_all(&text)
}
