//! `dockertest engines`

use std::fmt::Write as _;

use dockertest::environment::{BuildFailure, BuildSource, Builds, EngineBuild, Flavor, Origin};
use nix::unistd::geteuid;

use crate::args::{AddEngine, EnginesCommand};
use crate::screen::{Problem, Screen, visible};
use crate::status;

pub(crate) fn engines(command: &EnginesCommand, screen: &Screen) -> Result<u8, Problem> {
    match command {
        EnginesCommand::Add(wanted) => add(wanted, screen),
        EnginesCommand::List { json } => list(*json, screen),
        EnginesCommand::Remove { name } => {
            builds()?.remove(name)?;
            screen.output(format!("removed {name}\n"))?;
            Ok(status::SUCCESS)
        }
    }
}

/// The builds of the user.
pub(crate) fn builds() -> Result<Builds, Problem> {
    Ok(Builds::of_user().ok_or(BuildFailure::NoPlace)?)
}

/// The build of the user that has this name.
pub(crate) fn build(name: &str) -> Result<EngineBuild, Problem> {
    builds()?.get(name).map_err(|failure| match failure {
        BuildFailure::Unknown { .. } => Problem::new(format!("{failure}{}", whose())),
        other => other.into(),
    })
}

/// Says whose builds are meant, where that may be a surprise.
pub(crate) fn whose() -> String {
    whose_with(geteuid().is_root(), std::env::var("SUDO_USER").ok().as_deref())
}

fn whose_with(is_root: bool, sudo_user: Option<&str>) -> String {
    match sudo_user {
        Some(user) if is_root && !user.is_empty() && user != "root" => format!(
            "\nwith `sudo` other builds may be meant: what {} has added without it may not be among these, and `sudo dockertest \
             engines add` adds it here",
            visible(user)
        ),
        _ => String::new(),
    }
}

fn add(wanted: &AddEngine, screen: &Screen) -> Result<u8, Problem> {
    let (mirror, packages) = (wanted.mirror.clone(), wanted.package.clone());
    let from = match (&wanted.suite, &wanted.root, &wanted.path) {
        (Some(suite), _, _) => BuildSource::Suite { suite: suite.clone(), mirror, packages },
        (None, Some(folder), _) => BuildSource::Root(folder.clone()),
        (None, None, Some(folder)) => BuildSource::Path(folder.clone()),
        (None, None, None) => return Err(Problem::new("where from? Say `--suite`, `--root` or `--path`")),
    };
    let flavor: Option<Flavor> = wanted.flavor.as_deref().map(str::parse).transpose().map_err(Problem::new)?;
    let build = builds()?.add(&wanted.name, &from, flavor)?;
    screen.output(format!("added {}: {} {}, {}\n", build.name, build.flavor, version(&build), origin(&build)))?;
    if !geteuid().is_root() {
        screen.note(
            "it was added for you, and not for root: a capsule needs root, and `sudo dockertest` as a rule looks among the builds \
             of root. `sudo dockertest engines add` adds it there",
        );
    }
    Ok(status::SUCCESS)
}

fn list(json: bool, screen: &Screen) -> Result<u8, Problem> {
    let all = builds()?.all()?;
    let text = if json {
        format!("{}\n", serde_json::to_string_pretty(&all)?)
    } else if all.is_empty() {
        "no engine builds yet: dockertest engines add\n".to_owned()
    } else {
        let width = all.iter().map(|build| build.name.len()).max().unwrap_or(0);
        let mut text = String::new();
        for build in &all {
            let (flavor, version) = (build.flavor.to_string(), version(build));
            writeln!(text, "{:width$}  {flavor:6}  {version:10}  {}", build.name, visible(&origin(build)))?;
        }
        text
    };
    screen.output(text)?;
    Ok(status::SUCCESS)
}

fn version(build: &EngineBuild) -> &str {
    if build.version.is_empty() { "(unknown)" } else { &build.version }
}

fn origin(build: &EngineBuild) -> String {
    match &build.origin {
        Origin::Suite { suite, packages } => format!("{} packages of {suite}", packages.len()),
        Origin::Root { folder } => format!("the root {}", folder.display()),
        Origin::Path { folder } => format!("the programs in {}", folder.display()),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_root_by_sudo_is_told_whose_builds_are_meant() {
        let told = whose_with(true, Some("mia"));
        assert!(told.contains("what mia has added without it may not be among these"), "{told}");
        for (is_root, sudo_user) in [(false, Some("mia")), (true, None), (true, Some("")), (true, Some("root"))] {
            assert_eq!(whose_with(is_root, sudo_user), "");
        }
    }
}
