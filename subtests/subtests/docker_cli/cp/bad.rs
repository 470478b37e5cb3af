//! What must be refused.

use std::fs;

use dockertest::prelude::*;

use super::Cp;
use super::simple::known;
use super::tree::{Item, Tree};

/// Asks for copies that cannot be.
#[derive(Default)]
pub(super) struct Bad;

/// What later clients of docker say of any place in a container that is not there.
const NAMELESS: &str = "no such directory";

/// Whether a line is what later clients of docker log about an archive that nobody wants to read any more.
fn is_about_the_archive(line: &str) -> bool {
    line.starts_with("time=\"") && line.ends_with("io: read/write on closed pipe\"")
}

/// A refused copy.
struct Refused {
    source: String,
    target: String,
    /// What the refusal says, in lower case: one of these.
    says: &'static [&'static str],
    /// What it names.
    names: String,
}

impl SubSubtest<Cp> for Bad {
    fn run_once(&mut self, _cp: &mut Cp, ctx: &mut Context) -> Outcome {
        let container = ctx.container().create()?;
        let api = ctx.api()?;
        let there = Tree::new([
            ("there", Item::Folder(0o755)),
            ("there/file", Item::file(0o644, "as it was\n")),
            ("there/folder", Item::Folder(0o755)),
        ]);
        api.put_archive(container.id(), "/", there.archive()?)?;
        let before = known(ctx, &container)?;
        let here = Tree::new([
            ("file", Item::file(0o644, "mine\n")),
            ("folder", Item::Folder(0o755)),
            ("folder/file", Item::file(0o644, "mine as well\n")),
        ]);
        let folder = ctx.tmp().join("here");
        fs::create_dir(&folder)?;
        here.make(&folder)?;
        let is_podman = ctx.engine().is_some_and(|engine| engine.flavor == "podman");
        let all = refusals(container.name(), &ctx.unique_name("nobody"), &folder.display().to_string(), is_podman);
        for refused in all {
            let command = ctx.docker(["cp", &refused.source, &refused.target]);
            let seen = command.must_fail(if is_podman { 125 } else { 1 })?;
            seen.check_eq(seen.stdout_text(), "", "standard output of a command that fails")?;
            let said: Vec<String> = seen.said().into_iter().filter(|line| !is_about_the_archive(line)).collect();
            let said = said.join("\n");
            let lower = said.to_lowercase();
            let expected = refused.says.join("` or `");
            seen.check(refused.says.iter().any(|words| lower.contains(words)), format!("it says `{expected}`"))?;
            let is_named = said.contains(&refused.names) || said == NAMELESS;
            seen.check(is_named, format!("it names `{}`", refused.names))?;
            seen.check(said.lines().count() == 1, "it says why in one line")?;
            seen.check_eq(Tree::of_folder(&folder)?, &here, "the files on this machine")?;
            seen.check_eq(known(ctx, &container)?, &before, "what the engine knows about the container")?;
            let found = Tree::of_archive(&api.get_archive(container.id(), "/there")?)?;
            seen.check_eq(found, &there, "the files in the container")?;
        }
        Ok(())
    }
}

fn refusals(container: &str, nobody: &str, here: &str, is_podman: bool) -> Vec<Refused> {
    let refused =
        |source: String, target: String, says, names: &str| Refused { source, target, says, names: names.to_owned() };
    let (file, folder) = (format!("{here}/file"), format!("{here}/folder"));
    let no_path: &[&str] =
        &["no such file", NAMELESS, "no such container:path", "could not find the file", "could not be found"];
    let no_container: &[&str] = &["no such container", "does not exist", NAMELESS];
    let no_folder: &[&str] = &["cannot copy directory", "not a directory", "must be a directory"];
    let no_place: &[&str] = &["no such", "not exist", "could not be found"];
    let missing = format!("{here}/missing");
    let mut all = vec![
        refused(format!("{container}:/there/missing"), format!("{here}/new"), no_path, "/there/missing"),
        refused(format!("{container}:/there/missing"), "-".to_owned(), no_path, "/there/missing"),
        refused(format!("{nobody}:/there/file"), format!("{here}/new"), no_container, nobody),
        refused(file.clone(), format!("{nobody}:/there"), no_container, nobody),
        refused(missing.clone(), format!("{container}:/there"), no_path, &missing),
        refused(file, format!("{container}:/there/no/such/place"), no_path, "/there/no/such"),
        refused(format!("{container}:/there/file"), format!("{here}/no/such/place"), no_place, here),
        refused(format!("{container}:/there/folder"), format!("{here}/file"), no_folder, ""),
        refused(folder, format!("{container}:/there/file"), no_folder, ""),
    ];
    if !is_podman {
        let (one, other) = (format!("{container}:/there/file"), format!("{container}:/there/folder/new"));
        all.push(refused(one, other, &["between containers is not supported"], ""));
    }
    all
}
