//! Folders, in both directions.

use std::fs;

use dockertest::prelude::*;

use super::tree::{Item, Tree};
use super::{Cp, copy};

/// Copies folders out of a container and into it.
#[derive(Default)]
pub(super) struct Folders;

/// What is in the folder that is copied.
fn content() -> Tree {
    Tree::new([
        (".hidden", Item::file(0o600, "hidden\n")),
        ("a b", Item::file(0o644, "a blank in the name\n")),
        ("empty", Item::Folder(0o700)),
        ("link", Item::Link("run.sh".to_owned())),
        ("nothing", Item::file(0o640, "")),
        ("run.sh", Item::file(0o755, "#!/bin/sh\n")),
        ("sub", Item::Folder(0o755)),
        ("sub/deep", Item::file(0o604, &"deep\n".repeat(20_000))),
        ("sub/lost", Item::Link("/no/such/file".to_owned())),
    ])
}

/// The permissions of the folder.
const MODE: u32 = 0o750;

impl SubSubtest<Cp> for Folders {
    fn run_once(&mut self, _cp: &mut Cp, ctx: &mut Context) -> Outcome {
        let container = ctx.container().create()?;
        let api = ctx.api()?;
        let whole = content().below("folder", MODE);
        let there =
            |path: &str| Tree::new([("there", Item::Folder(0o755)), (&*format!("there/{path}"), Item::Folder(MODE))]);
        api.put_archive(container.id(), "/", there("into").archive()?)?;
        api.put_archive(container.id(), "/", there("content").archive()?)?;
        api.put_archive(container.id(), "/", whole.archive()?)?;
        let here = ctx.tmp().join("here");
        for folder in ["", "into", "content", "link", "followed"] {
            fs::create_dir(here.join(folder))?;
        }
        let here_is = |name: &str| here.join(name).display().to_string();
        let there_is = |path: &str| format!("{}:/{path}", container.name());

        // What is copied out, to where, and what is there then.
        let link = Tree::new([("link", Item::Link("run.sh".to_owned()))]);
        let followed = Tree::new([("link", Item::file(0o755, "#!/bin/sh\n"))]);
        let out: [(&[&str], &str, Tree); 5] = [
            (&[&there_is("folder")], "into", whole.clone()),
            (&[&there_is("folder/.")], "content", content()),
            (&[&there_is("folder")], "new", content()),
            (&[&there_is("folder/link")], "link", link),
            (&["--follow-link", &there_is("folder/link")], "followed", followed),
        ];
        for (words, folder, expected) in out {
            let seen = copy(ctx, &[words, &[&here_is(folder)]].concat())?;
            let found = if here.join(folder).is_dir() { Tree::of_folder(&here.join(folder))? } else { Tree::default() };
            seen.check_eq(found, expected, format!("what is in `{folder}` after the copy"))?;
        }

        let ours = ctx.tmp().join("ours");
        fs::create_dir(&ours)?;
        whole.make(&ours)?;
        let ours_is = |path: &str| ours.join(path).display().to_string();
        let into: [(&str, &str, Tree); 3] = [
            ("folder", "into", whole.below("into", MODE)),
            ("folder/.", "content", content().below("content", MODE)),
            ("folder", "new", content().below("new", MODE)),
        ];
        for (source, folder, expected) in into {
            let seen = copy(ctx, &[&ours_is(source), &there_is(&format!("there/{folder}"))])?;
            let found = match api.get_archive(container.id(), &format!("/there/{folder}")) {
                Err(failure) if failure.is_missing() => Tree::default(),
                archive => Tree::of_archive(&archive?)?,
            };
            seen.check_eq(found, expected, format!("what is in `/there/{folder}` after the copy"))?;
        }
        let archive = api.get_archive(container.id(), "/folder")?;
        check_eq!(Tree::of_archive(&archive)?, whole, "the folder in the container that was copied from");
        check_eq!(Tree::of_folder(&ours)?, whole, "the folder on this machine that was copied from");
        Ok(())
    }
}
