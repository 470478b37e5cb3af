//! `dockertest engines`

use std::fmt::Write as _;

use dockertest::environment::{BuildFailure, BuildSource, Builds, EngineBuild, Flavor, Origin};

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
