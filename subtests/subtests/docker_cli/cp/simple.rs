//! A file that a container wrote.

use std::fs;
use std::time::Duration;

use dockertest::engine::Container;
use dockertest::prelude::*;

use super::tree::{Item, Tree};
use super::{Cp, copy};
use crate::life;
use crate::md5sum::md5sum;

/// How long an engine may take to end the container, whose command has ended.
const END_LIMIT: Duration = Duration::from_secs(60);

/// Copies a file out of a container.
#[derive(Default)]
pub(super) struct Simple;

impl SubSubtest<Cp> for Simple {
    fn run_once(&mut self, _cp: &mut Cp, ctx: &mut Context) -> Outcome {
        let (name, file, text) = (ctx.container_name("cp"), ctx.unique_name("file"), ctx.unique_name("text"));
        let script = format!("umask 027; echo -n {text} > {file}; /usr/bin/md5sum {file}");
        let mut words = vec!["run".to_owned(), format!("--name={name}"), "--network=none".to_owned()];
        words.extend(ctx.labels());
        words.extend([ctx.image()?, "/bin/bash".to_owned(), "-c".to_owned(), script]);
        let printed = format!("{}  {file}\n", md5sum(text.as_bytes()));
        ctx.docker(words).must_pass()?.prints(&printed)?;
        let container = Container::find(ctx, &name)?;
        container.wait_exit(END_LIMIT)?;
        let before = known(ctx, &container)?;

        let expected = |name: &str| Tree::new([(name, Item::file(0o640, &text))]);
        let folder = ctx.tmp().join("copied");
        fs::create_dir(&folder)?;
        let target = folder.display().to_string();
        // A path that does not begin at the root begins at the root.
        let seen = copy(ctx, &[&format!("{name}:{file}"), &target])?;
        seen.check_eq(Tree::of_folder(&folder)?, expected(&file), "what was copied into the folder")?;
        fs::remove_file(folder.join(&file))?;

        let other = format!("{target}/other");
        let seen = copy(ctx, &[&format!("{}:/{file}", container.id()), &other])?;
        seen.check_eq(Tree::of_folder(&folder)?, expected("other"), "what was copied to a new name")?;

        fs::write(&other, format!("something longer that was there before {text}"))?;
        let seen = copy(ctx, &[&format!("{name}:/{file}"), &other])?;
        seen.check_eq(Tree::of_folder(&folder)?, expected("other"), "what was copied over another file")?;

        let seen = ctx.docker(["cp", &format!("{name}:/{file}"), "-"]).must_pass()?;
        seen.check_eq(seen.said().join("\n"), "", "standard error")?;
        let archive = Tree::of_archive(&seen.stdout);
        let Ok(archive) = archive else { return seen.check(false, "standard output is an archive") };
        seen.check_eq(archive, expected(&file), "what is in the archive on standard output")?;
        seen.check_eq(known(ctx, &container)?, before, "what the engine knows about the container")
    }
}

/// All that the engine knows about a container, one thing to a line.
pub(super) fn known(ctx: &Context, container: &Container) -> Outcome<String> {
    let changes = ctx.api()?.changes(container.id())?;
    let mut changes: Vec<String> = changes.iter().map(|change| format!("{:?} {}", change.kind, change.path)).collect();
    changes.sort();
    let known = life::known(container)?;
    Ok(format!("{known}\n{}", changes.join("\n")))
}
