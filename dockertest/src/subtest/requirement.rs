//! What a subtest needs to say anything at all.

use std::cmp::Ordering;

use crate::engine::search_path::find_program;
use crate::journal::EngineFacts;
use crate::subtest::{Failure, NotApplicable, Outcome};
use crate::verdict::Verdict;
use crate::version::compare;

/// Something that a subtest needs. Where it is not met, the subtest ends as `TEST_NA`, and the reason says what was
/// found in its place.
///
/// ```no_run
/// use dockertest::prelude::*;
///
/// fn initialize(ctx: &mut Context) -> Outcome {
///     ctx.require(Requirement::Docker)?;
///     ctx.require(Requirement::ServerAtLeast("23.0"))?; // TEST_NA: needs docker 23.0 or later, this is 20.10.24
///     ctx.require(Requirement::Program("git"))
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Requirement<'a> {
    /// The engine is docker.
    Docker,
    /// The engine is podman.
    Podman,
    /// The engine's version is this one or a later one. Versions of docker and podman have nothing to do with each
    /// other, so the flavor is to be required first.
    ServerAtLeast(&'a str),
    /// The engine's version is an earlier one.
    ServerBelow(&'a str),
    /// The version of the command line is this one or a later one.
    ClientAtLeast(&'a str),
    /// The version of the command line is an earlier one.
    ClientBelow(&'a str),
    /// This program runs as root.
    Root,
    /// A program is in `PATH` (or where its path says) and can be run.
    Program(&'a str),
    /// The engine has a feature.
    Feature(Feature),
}

/// Something that an engine has or has not.
///
/// ```no_run
/// # use dockertest::prelude::*;
/// # fn phase(ctx: &mut Context) -> Outcome {
/// ctx.require(Requirement::Feature(Feature::Selinux))?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Feature {
    /// Containers are labelled by `SELinux`.
    Selinux,
    /// The engine leaves cgroups to systemd.
    Systemd,
    /// Containers have users of their own (`userns-remap`).
    UserNamespaces,
    /// The engine runs without root.
    Rootless,
    /// Images can be built by `BuildKit`.
    BuildKit,
    /// Containers are limited by cgroups of the first version.
    CgroupV1,
    /// Containers are limited by cgroups of the second version.
    CgroupV2,
}

impl Feature {
    /// The fact that tells of it, its value if the feature is there, and its name for people.
    fn fact(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Feature::Selinux => ("selinux", "yes", "an engine with SELinux"),
            Feature::Systemd => ("cgroup-driver", "systemd", "an engine that leaves cgroups to systemd"),
            Feature::UserNamespaces => ("user-namespaces", "yes", "an engine that remaps users"),
            Feature::Rootless => ("rootless", "yes", "an engine that runs without root"),
            Feature::BuildKit => ("buildkit", "yes", "an engine with BuildKit"),
            Feature::CgroupV1 => ("cgroup-version", "1", "cgroups of version 1"),
            Feature::CgroupV2 => ("cgroup-version", "2", "cgroups of version 2"),
        }
    }
}

impl Requirement<'_> {
    /// Whether it is met, by what the engine said about itself.
    pub(crate) fn check(self, engine: Option<&EngineFacts>) -> Outcome {
        let unmet = match self {
            Requirement::Root => (!nix::unistd::geteuid().is_root()).then(|| "needs root".to_owned()),
            Requirement::Program(name) => {
                find_program(name.as_ref()).is_none().then(|| format!("needs the program `{name}`"))
            }
            Requirement::Docker => flavor(answered(engine)?, "docker"),
            Requirement::Podman => flavor(answered(engine)?, "podman"),
            Requirement::ServerAtLeast(wanted) => at_least(wanted, server(engine)?),
            Requirement::ServerBelow(wanted) => below(wanted, server(engine)?),
            Requirement::ClientAtLeast(wanted) => at_least(wanted, client(engine)?),
            Requirement::ClientBelow(wanted) => below(wanted, client(engine)?),
            Requirement::Feature(feature) => {
                let (fact, wanted, name) = feature.fact();
                let seen = answered(engine)?.facts.get(fact).map_or("unknown", String::as_str);
                (seen != wanted).then(|| format!("needs {name} ({fact}: {seen})"))
            }
        };
        unmet.map_or(Ok(()), |reason| Err(NotApplicable::because(reason).into()))
    }
}

/// What the engine said; an error if nobody knows, because then nothing can be said of what it lacks.
fn answered(engine: Option<&EngineFacts>) -> Outcome<&EngineFacts> {
    let unknown = |why: &str| Failure::new(Verdict::Error, format!("nobody knows what this engine can do: {why}"));
    let engine = engine.ok_or_else(|| unknown("the subtest says that it does not need the engine (`needs_engine`)"))?;
    match &engine.problem {
        Some(problem) => Err(unknown(problem)),
        None => Ok(engine),
    }
}

fn flavor(engine: &EngineFacts, wanted: &str) -> Option<String> {
    (engine.flavor != wanted).then(|| format!("needs {wanted}, this is {} {}", engine.flavor, engine.version))
}

/// A name and a version.
type Versioned<'a> = (&'a str, &'a str);

fn server(engine: Option<&EngineFacts>) -> Outcome<Versioned<'_>> {
    let engine = answered(engine)?;
    Ok((&engine.flavor, &engine.version))
}

fn client(engine: Option<&EngineFacts>) -> Outcome<Versioned<'_>> {
    let engine = answered(engine)?;
    match engine.facts.get("client-version") {
        Some(version) => Ok(("a client of version", version)),
        None => Err(Failure::new(Verdict::Error, "nobody knows the version of the command line")),
    }
}

fn at_least(wanted: &str, (name, seen): Versioned<'_>) -> Option<String> {
    (compare(seen, wanted) == Ordering::Less).then(|| format!("needs {name} {wanted} or later, this is {seen}"))
}

fn below(wanted: &str, (name, seen): Versioned<'_>) -> Option<String> {
    (compare(seen, wanted) != Ordering::Less).then(|| format!("needs {name} before {wanted}, this is {seen}"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn engine(flavor: &str, version: &str) -> EngineFacts {
        let facts = [("client-version", "28.2.2"), ("selinux", "no"), ("cgroup-version", "1")];
        EngineFacts {
            flavor: flavor.to_owned(),
            version: version.to_owned(),
            facts: facts.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            ..EngineFacts::default()
        }
    }

    #[rstest]
    #[case(Requirement::Docker, None)]
    #[case(Requirement::Podman, Some("needs podman, this is docker 20.10.24+dfsg1"))]
    #[case(Requirement::ServerAtLeast("20.10"), None)]
    #[case(Requirement::ServerAtLeast("20.10.24"), None)]
    #[case(Requirement::ServerAtLeast("23.0"), Some("needs docker 23.0 or later, this is 20.10.24+dfsg1"))]
    #[case(Requirement::ServerBelow("23.0"), None)]
    #[case(Requirement::ServerBelow("20.10"), Some("needs docker before 20.10, this is 20.10.24+dfsg1"))]
    #[case(Requirement::ClientAtLeast("28"), None)]
    #[case(Requirement::ClientBelow("28"), Some("needs a client of version before 28, this is 28.2.2"))]
    #[case(Requirement::Program("sh"), None)]
    #[case(Requirement::Program("/bin"), Some("needs the program `/bin`"))]
    #[case(Requirement::Program("no_such_program"), Some("needs the program `no_such_program`"))]
    #[case(Requirement::Feature(Feature::CgroupV1), None)]
    #[case(Requirement::Feature(Feature::Selinux), Some("needs an engine with SELinux (selinux: no)"))]
    #[case(Requirement::Feature(Feature::BuildKit), Some("needs an engine with BuildKit (buildkit: unknown)"))]
    fn what_is_not_met_is_said(#[case] requirement: Requirement<'_>, #[case] unmet: Option<&str>) {
        let seen = requirement.check(Some(&engine("docker", "20.10.24+dfsg1"))).err();
        assert_eq!(seen.as_ref().map(Failure::reason), unmet);
        assert!(seen.is_none_or(|failure| failure.verdict() == Verdict::TestNa));
    }

    #[test]
    fn an_engine_that_nobody_knows_lacks_nothing() {
        let silent = EngineFacts { problem: Some("no engine answers".to_owned()), ..EngineFacts::default() };
        for engine in [None, Some(&silent)] {
            assert_eq!(Requirement::Docker.check(engine).unwrap_err().verdict(), Verdict::Error);
        }
    }
}
