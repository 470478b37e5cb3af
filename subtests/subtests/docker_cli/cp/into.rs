//! A file that the container looks for itself.

use std::fs;
use std::marker::PhantomData;
use std::time::Duration;

use dockertest::engine::Container;
use dockertest::prelude::*;
use serde::Deserialize;

use super::tree::{Item, Tree};
use super::{Cp, copy};

/// How long the container may take to end when it has found `/stop`.
const END_LIMIT: Duration = Duration::from_secs(5);

/// Waits for `/stop`, then looks for the file: `$1` is the folder, `$2` a link to it or nothing, `$3` the file's name,
/// `$4` its text.
const SCRIPT: &str = r#"
mkdir -p "$1"
[ -z "$2" ] || ln -s "$1" "$2"
echo READY
until [ -e /stop ]; do sleep 0.1; done
[ -z "$2" ] || [ -L "$2" ] || exit 6
[ -f "$1/$3" ] || exit 4
[ "$(cat "$1/$3")" = "$4" ] || exit 5
"#;

/// The options of `[docker_cli/cp/cp_symlink]` and `[docker_cli/cp/cp_in_varlib]`.
#[derive(Deserialize)]
struct Options {
    cp_dest: String,
    destdir: String,
    #[serde(with = "dockertest::config::types::seconds")]
    wait_ready: Duration,
}

/// Where a file is copied to.
pub(super) trait Way: Default {
    /// Whether the target of the copy is a link to the folder.
    const IS_LINK: bool;
}

/// A link to a folder.
#[derive(Default)]
pub(super) struct Symlink;

impl Way for Symlink {
    const IS_LINK: bool = true;
}

/// A folder where engines keep their own files, too.
#[derive(Default)]
pub(super) struct Varlib;

impl Way for Varlib {
    const IS_LINK: bool = false;
}

/// Copies a file into a container.
#[derive(Default)]
pub(super) struct Inside<W> {
    container: Option<Container>,
    options: Option<Options>,
    file: String,
    text: String,
    way: PhantomData<W>,
}

impl<W: Way> SubSubtest<Cp> for Inside<W> {
    fn initialize(&mut self, _cp: &mut Cp, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        self.file = ctx.unique_name("file");
        self.text = ctx.unique_name("text");
        let link = if W::IS_LINK { options.cp_dest.as_str() } else { "" };
        let words = ["/bin/bash", "-c", SCRIPT, "look", &options.destdir, link, &self.file, &self.text];
        let container = ctx.container().command(words).start()?;
        container.wait_log("READY", options.wait_ready)?;
        self.container = Some(container);
        self.options = Some(options);
        Ok(())
    }

    fn run_once(&mut self, _cp: &mut Cp, ctx: &mut Context) -> Outcome {
        let (Some(container), Some(options)) = (&self.container, &self.options) else { return Ok(()) };
        let here = Tree::new([(self.file.as_str(), Item::file(0o604, &self.text)), ("stop", Item::file(0o600, ""))]);
        let folder = ctx.tmp().join("here");
        fs::create_dir(&folder)?;
        here.make(&folder)?;
        let local = |name: &str| folder.join(name).display().to_string();

        let target = format!("{}:{}", container.name(), options.cp_dest.replace("%s", &self.file));
        let seen = copy(ctx, &[&local(&self.file), &target])?;
        let path = format!("{}/{}", options.destdir.trim_end_matches('/'), self.file);
        let there = match ctx.api()?.get_archive(container.id(), &path) {
            Err(failure) if failure.is_missing() => Tree::default(),
            archive => Tree::of_archive(&archive?)?,
        };
        let expected = Tree::new([(self.file.as_str(), Item::file(0o604, &self.text))]);
        seen.check_eq(there, expected, format!("what is at {path} in the container"))?;
        seen.check(container.state()?.running == Some(true), "the container runs on")?;
        seen.check_eq(Tree::of_folder(&folder)?, &here, "the files that were copied from")?;

        let seen = copy(ctx, &[&local("stop"), &format!("{}:/stop", container.name())])?;
        let status = container.wait_exit(END_LIMIT)?;
        let meaning = match status {
            0 => "it found the file",
            4 => "the file is not there",
            5 => "the file has another content",
            6 => "the link is no link any more",
            _ => "it did not get as far as to look for the file",
        };
        seen.check_eq(format!("{status}: {meaning}"), "0: it found the file", "the status of the container")?;
        let written = container.logs()?;
        seen.check_eq(written.stdout_text() + &written.stderr_text(), "READY\n", "what the container wrote")
    }
}
