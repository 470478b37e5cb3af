//! `docker rm`: a container that has ended is removed, and with force also one that runs.
//!
//! A container is run in the background by `docker run`. It works in a folder of this machine, in which the test has
//! noted when it began, and writes there when it ended, but only if it was told by a signal to end. So the folder tells
//! afterwards what happened to it. It also has a volume with a name, and one without.
//!
//! * `finished` gets the signal and ends by itself; then it is removed.
//! * `forced` runs. To remove it without force is refused, and changes nothing; with force it is killed and removed
//!   without having had a chance to write anything.
//!
//! The command must end with status 0 and print the name, nothing else. When it is back the container is gone, with its
//! volume that has no name (if `--volumes` is said), but the folder and the volume with a name are as they were. The
//! engine's own events must tell of no other signal than SIGKILL, and that only for `forced`. What is gone can neither be
//! removed again nor committed. Another container that runs meanwhile must be as it was.
//!
//! # Engines
//! Docker refuses to remove a container that runs with status 1, podman with status 2. Podman sends SIGTERM first, also
//! with force, and waits. Its events are other ones, and are not looked at.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dockertest::config::types;
use dockertest::engine::{Container, Object, Sign};
use dockertest::prelude::*;
use serde::Deserialize;

use crate::life::{self, Bystander, Watch};

/// The container's work. It can write, or it does not begin; only the signal makes it write `stop` and end.
const WORK: &str = "touch probe || exit 99; rm probe; trap 'date +%s > stop' SIGNAL; echo READY; echo READY >&2; \
                    while ! [ -f stop ]; do sleep 0.1; done";

/// The options of `[docker_cli/rm]` and the sections below it.
#[derive(Debug, Deserialize)]
struct Options {
    listen_signal: String,
    #[serde(with = "types::seconds")]
    wait_start: Duration,
    #[serde(with = "types::seconds")]
    wait_rm: Duration,
    #[serde(with = "types::seconds")]
    wait_stop: Duration,
}

#[derive(Default)]
struct Rm {
    began: u64,
    bystander: Option<Bystander>,
}

impl Subtest for Rm {
    fn needs_engine(&self) -> bool {
        true
    }

    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        self.began = now();
        self.bystander = Some(Bystander::start(ctx)?);
        Ok(())
    }
}

/// The container, and what it leaves.
struct Subject {
    options: Options,
    container: Container,
    client: Running,
    watch: Watch,
    left: Left,
}

/// What a container leaves, or must not leave.
struct Left {
    id: String,
    name: String,
    folder: PathBuf,
    named: String,
    anonymous: Vec<String>,
}

#[derive(Default)]
struct Finished {
    subject: Option<Subject>,
}

impl SubSubtest<Rm> for Finished {
    fn initialize(&mut self, rm: &mut Rm, ctx: &mut Context) -> Outcome {
        self.subject = Some(Subject::begin(rm, ctx)?);
        Ok(())
    }

    fn run_once(&mut self, rm: &mut Rm, ctx: &mut Context) -> Outcome {
        let Some(mut subject) = self.subject.take() else { return Ok(()) };
        subject.container.kill(&subject.options.listen_signal)?;
        let client = subject.client.wait(subject.options.wait_stop)?.must_pass()?;
        client.clean_but(&[Sign::Unprintable])?;
        subject.container.wait_exit(subject.options.wait_stop)?;
        subject.watch.settle(ctx)?;
        let words = command(ctx, subject.container.name(), |_| true)?;
        let seen = life::printed_name(ctx, ctx.docker(words).run()?, subject.container.name())?;
        subject.left.is_gone(ctx, &seen)?;
        subject.watch.happened(ctx, &seen, &["destroy"])?;
        let stop = subject.left.file("stop")?;
        seen.check(stop.is_some(), "the container has written when it ended")?;
        let stop = stop.unwrap_or_default();
        // Both are whole seconds; the folder is new, so a time within the same second is of this container, too.
        let is_later = stop.trim().parse::<u64>().is_ok_and(|stop| stop >= rm.began && stop <= now());
        seen.check(
            is_later,
            format!("the container ended not before {} and not after now; it wrote `{}`", rm.began, stop.trim()),
        )?;
        subject.left.is_whole(rm, &seen)
    }
}

#[derive(Default)]
struct Forced {
    subject: Option<Subject>,
}

impl SubSubtest<Rm> for Forced {
    fn initialize(&mut self, rm: &mut Rm, ctx: &mut Context) -> Outcome {
        self.subject = Some(Subject::begin(rm, ctx)?);
        Ok(())
    }

    fn run_once(&mut self, rm: &mut Rm, ctx: &mut Context) -> Outcome {
        let Some(mut subject) = self.subject.take() else { return Ok(()) };
        subject.is_refused_without_force(ctx)?;
        let words = command(ctx, subject.container.name(), |_| true)?;
        let seen = life::printed_name(ctx, ctx.docker(words).run()?, subject.container.name())?;
        subject.left.is_gone(ctx, &seen)?;
        subject.watch.happened(ctx, &seen, &["kill 9", "die", "destroy"])?;
        let client = subject.client.wait(subject.options.wait_rm)?.must_fail(137)?;
        client.clean_but(&[Sign::Unprintable, Sign::Error])?;
        let stop = subject.left.file("stop")?;
        seen.check(stop.is_none(), "the container had no chance to write when it ended")?;
        subject.left.is_whole(rm, &seen)
    }
}

/// `docker rm` with the options that are wanted.
fn command(ctx: &Context, name: &str, is_wanted: impl Fn(&str) -> bool) -> Outcome<Vec<String>> {
    let options = life::words(ctx, "rm_options_csv")?.into_iter().filter(|option| is_wanted(option));
    Ok([vec!["rm".to_owned()], options.collect(), vec![name.to_owned()]].concat())
}

impl Subject {
    /// Runs the container and waits until it works.
    fn begin(rm: &Rm, ctx: &mut Context) -> Outcome<Subject> {
        let options: Options = ctx.config()?;
        let folder = ctx.tmp().join("workdir");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("start"), rm.began.to_string())?;
        label(ctx, &folder)?;
        let named = ctx.volume_name("named");
        let name = ctx.container_name("test");
        let cidfile = ctx.tmp().join(&name);
        let mut words = life::run_words(ctx, &life::words(ctx, "run_options_csv")?, &name);
        words.push(format!("--cidfile={}", cidfile.display()));
        words.push(format!("--volume={}:/workdir", folder.display()));
        words.extend([format!("--volume={named}:/named"), "--volume=/anonymous".to_owned()]);
        words.extend(["--workdir=/workdir".to_owned(), ctx.image()?, "/bin/bash".to_owned(), "-c".to_owned()]);
        words.push(WORK.replace("SIGNAL", &options.listen_signal));
        let mut client = ctx.docker(words).spawn()?;
        client.wait_for("READY", options.wait_start)?;
        let container = Container::find(ctx, &name)?;
        let found = container.inspect()?;
        let volumes = found.mounts.unwrap_or_default().into_iter().filter_map(|mount| mount.name);
        let anonymous: Vec<String> = volumes.filter(|volume| *volume != named).collect();
        for volume in &anonymous {
            ctx.own(Object::Volume(volume.clone()));
        }
        let id = fs::read_to_string(&cidfile).unwrap_or_default();
        check_eq!(id.trim(), container.id(), "what `docker run --cidfile` wrote");
        check_eq!(anonymous.len(), 1, "how many volumes without a name the container has");
        check!(found.state.and_then(|state| state.running) == Some(true), "the container runs when it is ready");
        let watch = Watch::begin(ctx, &name)?;
        let left = Left { id: container.id().to_owned(), name, folder, named, anonymous };
        Ok(Subject { options, container, client, watch, left })
    }

    /// To remove what runs needs force.
    fn is_refused_without_force(&mut self, ctx: &Context) -> Outcome {
        let before = life::known(&self.container)?;
        let words = command(ctx, self.container.name(), |option| !matches!(option, "--force" | "-f"))?;
        let seen = ctx.docker(words).must_fail(if life::is_podman(ctx) { 2 } else { 1 })?;
        seen.check_eq(seen.stdout_text(), "", "standard output of a command that fails")?;
        let said = seen.said();
        // Docker names it by its id until version 25, and since then as it was named to it.
        let (id, name) = (self.container.id(), self.container.name());
        let names_it = |line: &str| line.contains(id) || line.contains(name);
        let is_told = said.iter().any(|line| names_it(line) && line.contains("running"));
        seen.check(is_told, format!("standard error says that container {name} ({id}) is running"))?;
        let what = "what the engine knows about a container that it refused to remove";
        life::unchanged(&seen, what, &before, &life::known(&self.container)?)?;
        self.watch.happened(ctx, &seen, &[])
    }
}

impl Left {
    fn file(&self, name: &str) -> Outcome<Option<String>> {
        match fs::read_to_string(self.folder.join(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The container is gone, by its name and its id, and so are the volumes that were only its own.
    fn is_gone(&self, ctx: &mut Context, seen: &Completed) -> Outcome {
        let api = ctx.api()?;
        for known_as in [&self.id, &self.name] {
            seen.check(api.container(known_as)?.is_none(), format!("the engine has no container {known_as} any more"))?;
        }
        let is_listed = api.containers(true)?.into_iter().any(|found| found.id.as_deref() == Some(self.id.as_str()));
        seen.check(!is_listed, "the engine does not list the container any more")?;
        let words = life::words(ctx, "rm_options_csv")?;
        let with_volumes = words.iter().any(|word| matches!(word.as_str(), "--volumes" | "-v"));
        for volume in &self.anonymous {
            let what = "whether the container's volume without a name is there";
            seen.check_eq(api.volume(volume)?.is_some(), !with_volumes, what)?;
        }
        seen.check(api.volume(&self.named)?.is_some(), "the container's volume with a name is still there")?;
        self.cannot_be_used(ctx)
    }

    /// What is gone can neither be removed again nor be made an image of.
    fn cannot_be_used(&self, ctx: &mut Context) -> Outcome {
        let again = ctx.docker(["rm", &self.name]).must_fail(1)?;
        again.check_eq(again.stdout_text(), "", "standard output of a command that fails")?;
        let is_named = again.said().iter().any(|line| line.contains(&self.name));
        again.check(is_named, format!("standard error names `{}`", self.name))?;
        let image = ctx.image_name("committed");
        let commit = ctx.docker(["commit", &self.name, &image]).must_fail(life::missing_status(ctx))?;
        commit.check(ctx.api()?.image(&image)?.is_none(), "no image has come about")
    }

    /// What the test noted is as it was, and nobody else's container is touched.
    fn is_whole(&self, rm: &Rm, seen: &Completed) -> Outcome {
        let start = self.file("start")?.unwrap_or_default();
        seen.check_eq(start, rm.began, "the test's note in the container's folder")?;
        rm.bystander.as_ref().map_or(Ok(()), |bystander| bystander.is_untouched(seen))
    }
}

/// A folder that a container may use where `SELinux` is on.
fn label(ctx: &Context, folder: &Path) -> Outcome {
    if Path::new("/sys/fs/selinux/enforce").exists() {
        let done =
            std::process::Command::new("chcon").args(["-R", "-t", "svirt_sandbox_file_t"]).arg(folder).output()?;
        ctx.debug(format!("chcon of {}: {}", folder.display(), done.status));
    }
    Ok(())
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

dockertest::subtest!(
    Rm,
    "A container that has ended is removed, and with force also one that runs.",
    sequential { finished: Finished, forced: Forced }
);
