//! What the machine needs from its distribution, what of it is missing, and how to get it.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

use dockertest::engine::fixtures::is_static;

use crate::child;
use crate::failure::Failure;
use crate::paths;

/// Something that must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Need {
    what: What,
    /// The packages that bring it, in the order of preference: the first that the distribution knows is taken.
    packages: &'static [&'static str],
    /// What it is for, after "for".
    purpose: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Program(&'static str),
    /// A dynamic executable of that name does not do.
    StaticProgram(&'static str),
    File(&'static str),
    /// Of the distribution's own Python: another one does not find what is installed as a package.
    PythonModule(&'static str),
}

const PYTHON: &str = "/usr/bin/python3";

const fn need(what: What, packages: &'static [&'static str], purpose: &'static str) -> Need {
    Need { what, packages, purpose }
}

/// Needed whatever engine answers.
pub(crate) const ALWAYS: &[Need] = &[
    // Debian 13 has the client in a package of its own, Debian 12 has both in one.
    need(What::Program("docker"), &["docker-cli", "docker.io"], "the command line under test"),
    need(What::StaticProgram("busybox"), &["busybox-static"], "test images made without a network"),
    need(What::StaticProgram("bash-static"), &["bash-static"], "test images made without a network"),
    need(What::Program("docker-registry"), &["docker-registry"], "pulling images without a network"),
];

/// Needed by tests alone.
pub(crate) const FOR_TESTS: &[Need] = &[
    need(What::Program("chromium"), &["chromium"], "tests that look at the pages of runs"),
    need(What::Program("valgrind"), &["valgrind"], "tests that watch the memory of plug-ins"),
    need(What::Program("mksquashfs"), &["squashfs-tools"], "tests of engines of other releases"),
    need(What::Program("podman"), &["podman"], "tests of a second engine"),
    need(What::Program("newuidmap"), &["uidmap"], "tests of a second engine without root"),
    need(What::File("/usr/lib/podman/netavark"), &["netavark"], "the networks of the second engine"),
    need(What::Program("pkill"), &["procps"], "tests of engines that stop or die"),
    need(What::Program("python3"), &["python3"], "tests of a host in another language"),
    need(What::PythonModule("ensurepip"), &["python3-venv"], "stestr, which drives us in a test"),
    need(What::PythonModule("subunit"), &["python3-subunit"], "tests that read our reports"),
    need(What::PythonModule("junitparser"), &["python3-junitparser"], "tests that read our reports"),
    need(What::Program("xmllint"), &["libxml2-utils"], "tests that read our reports"),
    need(What::Program("prove"), &["perl"], "tests that read our reports"),
];

/// Needed to start an engine of our own.
pub(crate) const FOR_AN_ENGINE: &[Need] = &[
    need(What::Program("dockerd"), &["docker.io"], "an engine of our own"),
    need(What::Program("iptables"), &["iptables"], "the networks of the engine"),
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
    match need.what {
        What::Program(name) => paths::find_program(name).is_some(),
        What::StaticProgram(name) => paths::find_program(name).is_some_and(|file| is_static(&file)),
        What::File(path) => Path::new(path).exists(),
        What::PythonModule(name) => {
            let mut python = Command::new(PYTHON);
            python.args(["-c", &format!("import {name}")]).stdin(Stdio::null()).stdout(Stdio::null());
            python.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Program(name) | What::File(name) => f.write_str(name),
            What::StaticProgram(name) => write!(f, "{name}, statically linked"),
            What::PythonModule(name) => write!(f, "Python's module {name}"),
        }
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
        text += &format!("  {}: for {} (Debian: {})\n", need.what, need.purpose, need.packages.join(" or "));
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
            "there is no apt-get here; install them with your distribution's package manager (Debian's names: {})",
            names.join(" ")
        ),
    };
    text
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{ALWAYS, FOR_AN_ENGINE, FOR_TESTS, Means, choose, explain, missing, provide};

    #[test]
    fn takes_the_first_known_package_and_each_once() {
        let needs = [ALWAYS, FOR_AN_ENGINE].concat();
        let bookworm = choose(&needs, &|name| name != "docker-cli").unwrap();
        assert_eq!(bookworm, ["docker.io", "busybox-static", "bash-static", "docker-registry", "iptables"]);
        let trixie = choose(&needs, &|_| true).unwrap();
        assert_eq!(trixie, ["docker-cli", "busybox-static", "bash-static", "docker-registry", "docker.io", "iptables"]);
    }

    #[test]
    fn names_every_alternative_of_an_unknown_package() {
        assert_eq!(choose(ALWAYS, &|name| name.ends_with("-static")).unwrap_err(), "docker-cli or docker.io");
    }

    /// The first run of a new user waits for nothing that only tests need.
    #[test]
    fn what_tests_need_is_their_own() {
        for need in FOR_TESTS {
            assert!(![ALWAYS, FOR_AN_ENGINE].concat().contains(need), "{need:?}");
        }
    }

    #[test]
    fn nothing_missing_needs_no_means() {
        assert_eq!(provide(&[], Means { root: false, apt_get: false }), Ok(()));
        assert_eq!(missing(&[]), []);
    }

    #[rstest]
    #[case::no_root(Means { root: false, apt_get: true }, "sudo apt-get install docker.io busybox-static bash-static docker-registry")]
    #[case::no_apt(Means { root: true, apt_get: false }, "Debian's names: docker.io busybox-static bash-static docker-registry")]
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
