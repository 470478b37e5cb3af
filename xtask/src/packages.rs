//! What the machine needs from its distribution, what of it is missing, and how to get it.

use std::process::{Command, Stdio};

use dockertest::engine::fixtures::is_static;

use crate::child;
use crate::failure::Failure;
use crate::paths;

/// A program that must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Need {
    program: &'static str,
    /// A dynamic executable of that name does not do.
    linking: Linking,
    /// The packages that bring it, in the order of preference: the first that the distribution knows is taken.
    packages: &'static [&'static str],
    /// What it is for, after "for".
    purpose: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Linking {
    Any,
    Static,
}

/// Needed whatever engine answers.
pub(crate) const ALWAYS: &[Need] = &[
    // Debian 13 has the client in a package of its own, Debian 12 has both in one.
    Need {
        program: "docker",
        linking: Linking::Any,
        packages: &["docker-cli", "docker.io"],
        purpose: "the command line under test",
    },
    Need {
        program: "busybox",
        linking: Linking::Static,
        packages: &["busybox-static"],
        purpose: "test images made without a network",
    },
    Need {
        program: "bash-static",
        linking: Linking::Static,
        packages: &["bash-static"],
        purpose: "test images made without a network",
    },
    Need {
        program: "docker-registry",
        linking: Linking::Any,
        packages: &["docker-registry"],
        purpose: "pulling images without a network",
    },
    Need {
        program: "valgrind",
        linking: Linking::Any,
        packages: &["valgrind"],
        purpose: "tests that watch the memory of plug-ins",
    },
    Need {
        program: "mksquashfs",
        linking: Linking::Any,
        packages: &["squashfs-tools"],
        purpose: "engines of other releases",
    },
    Need {
        program: "python3",
        linking: Linking::Any,
        packages: &["python3"],
        purpose: "the tests of a host in another language",
    },
];

/// Needed by tests alone.
pub(crate) const FOR_TESTS: &[Need] = &[Need {
    program: "chromium",
    linking: Linking::Any,
    packages: &["chromium"],
    purpose: "tests that look at the page of a run",
}];

/// Needed to start an engine of our own.
pub(crate) const FOR_AN_ENGINE: &[Need] = &[
    Need { program: "dockerd", linking: Linking::Any, packages: &["docker.io"], purpose: "an engine of our own" },
    Need { program: "iptables", linking: Linking::Any, packages: &["iptables"], purpose: "the networks of the engine" },
];

/// What stands between us and the missing programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Means {
    pub(crate) root: bool,
    pub(crate) apt_get: bool,
}

impl Means {
    /// What this process can do on this machine.
    pub(crate) fn of_this_machine() -> Means {
        Means { root: nix::unistd::geteuid().is_root(), apt_get: paths::find_program("apt-get").is_some() }
    }
}

/// Those of the needs that the machine does not meet.
pub(crate) fn missing(needs: &[Need]) -> Vec<Need> {
    needs.iter().copied().filter(|need| !is_met(need)).collect()
}

fn is_met(need: &Need) -> bool {
    match (paths::find_program(need.program), need.linking) {
        (None, _) => false,
        (Some(_), Linking::Any) => true,
        (Some(file), Linking::Static) => is_static(&file),
    }
}

/// Installs what is missing, or says exactly what is missing and how to get it. Installs all of it or nothing.
pub(crate) fn provide(missing: &[Need], means: Means) -> Result<(), Failure> {
    if missing.is_empty() {
        return Ok(());
    }
    if !means.root || !means.apt_get {
        return Err(Failure::setup(explain(missing, means)));
    }
    let list = |is_known: &dyn Fn(&str) -> bool| choose(missing, is_known);
    let packages = match list(&apt_knows) {
        Ok(packages) => packages,
        Err(_) => {
            update()?;
            list(&apt_knows).map_err(|unknown| {
                Failure::setup(format!(
                    "the distribution has no package {unknown}; enable its main section in apt's sources"
                ))
            })?
        }
    };
    install(&packages)
}

/// The packages to install, each once; the error is the list of names that bring a program and are all unknown.
fn choose(missing: &[Need], is_known: &dyn Fn(&str) -> bool) -> Result<Vec<&'static str>, String> {
    let mut chosen = Vec::new();
    for need in missing {
        let package =
            need.packages.iter().copied().find(|name| is_known(name)).ok_or_else(|| need.packages.join(" or "))?;
        if !chosen.contains(&package) {
            chosen.push(package);
        }
    }
    Ok(chosen)
}

/// Whether apt's lists hold a version of the package that can be installed.
fn apt_knows(package: &str) -> bool {
    let output = Command::new("apt-cache").env("LC_ALL", "C").args(["policy", package]).stdin(Stdio::null()).output();
    output.is_ok_and(|output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().any(|line| line.trim().strip_prefix("Candidate: ").is_some_and(|version| version != "(none)"))
    })
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    // The second variable is for needrestart, which otherwise may ask.
    command.env("DEBIAN_FRONTEND", "noninteractive").env("NEEDRESTART_MODE", "l").env("PATH", paths::search_path());
    command.args(["-q", "-o", "DPkg::Lock::Timeout=120"]);
    command
}

fn update() -> Result<(), Failure> {
    eprintln!("xtask: apt-get update");
    child::must_succeed(apt_get().arg("update"), "refresh the distribution's package lists with `apt-get update`")
        .map_err(as_setup)
}

fn install(packages: &[&str]) -> Result<(), Failure> {
    eprintln!("xtask: apt-get install {}", packages.join(" "));
    let attempt = || {
        let mut command = apt_get();
        command.args(["install", "-y", "--no-install-recommends"]).args(packages);
        child::must_succeed(&mut command, &format!("install {} with `apt-get install`", packages.join(", ")))
    };
    match attempt() {
        Ok(()) => Ok(()),
        Err(Failure::Interrupted(signal)) => Err(Failure::Interrupted(signal)),
        // Lists that are too old name files which the archive no longer has.
        Err(_) => update().and_then(|()| attempt()).map_err(as_setup),
    }
}

fn as_setup(failure: Failure) -> Failure {
    match failure {
        Failure::Failed(text) => Failure::Setup(text),
        other => other,
    }
}

/// What is missing, why it cannot be installed here, and what to do.
pub(crate) fn explain(missing: &[Need], means: Means) -> String {
    let mut text = String::from("something is missing; nothing has been installed or run\n");
    for need in missing {
        let kind = if need.linking == Linking::Static { ", statically linked" } else { "" };
        text += &format!("  {}{kind}: for {} (Debian: {})\n", need.program, need.purpose, need.packages.join(" or "));
    }
    // Without apt's lists at hand the last name is the one that Debian 12 has.
    let mut names: Vec<&str> = Vec::new();
    for name in missing.iter().filter_map(|need| need.packages.last().copied()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    text += &match (means.apt_get, means.root) {
        (true, _) => format!(
            "installing needs root; run this command as root, or first\n  sudo apt-get update && sudo apt-get install {}",
            names.join(" ")
        ),
        (false, _) => format!(
            "there is no apt-get here; install the programs with your distribution's package manager (Debian's names: {})",
            names.join(" ")
        ),
    };
    text
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{ALWAYS, FOR_AN_ENGINE, Means, choose, explain, missing, provide};

    #[test]
    fn takes_the_first_known_package_and_each_once() {
        let needs = [ALWAYS, FOR_AN_ENGINE].concat();
        let bookworm = choose(&needs, &|name| name != "docker-cli").unwrap();
        assert_eq!(
            bookworm,
            [
                "docker.io",
                "busybox-static",
                "bash-static",
                "docker-registry",
                "valgrind",
                "squashfs-tools",
                "python3",
                "iptables"
            ]
        );
        let trixie = choose(&needs, &|_| true).unwrap();
        assert_eq!(
            trixie,
            [
                "docker-cli",
                "busybox-static",
                "bash-static",
                "docker-registry",
                "valgrind",
                "squashfs-tools",
                "python3",
                "docker.io",
                "iptables"
            ]
        );
    }

    #[test]
    fn names_every_alternative_of_an_unknown_package() {
        assert_eq!(choose(ALWAYS, &|name| name.ends_with("-static")).unwrap_err(), "docker-cli or docker.io");
    }

    #[test]
    fn nothing_missing_needs_no_means() {
        assert_eq!(provide(&[], Means { root: false, apt_get: false }), Ok(()));
        assert_eq!(missing(&[]), []);
    }

    #[rstest]
    #[case::no_root(Means { root: false, apt_get: true }, "sudo apt-get install docker.io busybox-static bash-static docker-registry valgrind squashfs-tools python3")]
    #[case::no_apt(Means { root: true, apt_get: false }, "Debian's names: docker.io busybox-static bash-static docker-registry valgrind squashfs-tools python3")]
    fn says_what_is_missing_and_how_to_get_it(#[case] means: Means, #[case] advice: &str) {
        let failure = provide(ALWAYS, means).unwrap_err();
        assert_eq!(failure.status(), 2);
        let text = failure.to_string();
        assert!(
            text.contains("  docker: for the command line under test (Debian: docker-cli or docker.io)\n"),
            "{text}"
        );
        assert!(text.contains("  busybox, statically linked: for test images"), "{text}");
        assert!(text.ends_with(advice) || text.contains(advice), "{text}");
        assert!(explain(ALWAYS, means).contains("nothing has been installed or run"));
    }
}
