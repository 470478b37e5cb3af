//! What programs in a capsule find, and how they end.

use std::fs;
use std::io::{BufRead, BufReader};
use std::num::NonZeroUsize;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use dockertest::environment::Provider;
use dockertest::environment::capsule::{Capsule, CapsuleOptions, CapsuleProvider};
use dockertest::host::{CancelToken, HostProgram};

use crate::support::{host, remains};
use crate::{possible, printed, run};

#[test]
fn a_program_in_a_capsule_finds_the_engine_without_options() {
    if !possible() {
        return;
    }
    let capsule = Capsule::start(&host(), &CapsuleOptions::new()).unwrap();
    let folder = capsule.folder().to_owned();
    let version = printed(&capsule, &[], &["docker", "version", "--format", "{{.Server.Version}}"]);
    assert!(!version.is_empty());
    assert_eq!(printed(&capsule, &[], &["docker", "ps", "--all", "--quiet"]), "");
    assert_eq!(printed(&capsule, &[], &["uname", "-n"]), capsule.id());
    capsule.dispose().unwrap();
    assert_eq!(remains(&folder), Vec::<PathBuf>::new());
}

#[test]
fn a_host_in_an_instance_writes_into_the_results_and_nowhere_else() {
    if !possible() {
        return;
    }
    let results = tempfile::tempdir().unwrap();
    let provider = CapsuleProvider::new(host(), CapsuleOptions::new());
    let cancel = CancelToken::new().unwrap();
    let mut instances = provider.provision(NonZeroUsize::MIN, &cancel).unwrap();
    let instance = instances.pop().unwrap();
    assert_eq!(instance.problem(), None);

    let listing = instance.host(&host(), results.path()).list(Duration::from_secs(60)).unwrap();
    let names: Vec<String> = listing.subtests.iter().map(|subtest| subtest.name.to_string()).collect();
    assert!(names.contains(&"docker_cli/version".to_owned()), "{names:?}");

    let lost = format!("/root/dockertest-lost-{}", std::process::id());
    let kept = results.path().join("kept");
    let script = format!("echo kept > {}; echo lost > {lost}; cat {lost}; pwd", kept.display());
    let shell = HostProgram::new("/bin/sh").arguments(["-c", &script]);
    let shell = instance.host(&shell, results.path());
    let output = Command::new(shell.path).args(shell.arguments).current_dir(results.path()).output().unwrap();
    let expected = format!("lost\n{}\n", results.path().display());
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{output:?}");
    instance.dispose().unwrap();
    assert_eq!(fs::read_to_string(kept).unwrap(), "kept\n");
    assert!(!Path::new(&lost).exists());
}

#[test]
fn a_program_in_a_capsule_ends_as_it_would_here() {
    if !possible() {
        return;
    }
    let capsule = Capsule::start(&host(), &CapsuleOptions::new()).unwrap();
    let status = |script: &str| run(&capsule, &[], &["/bin/sh", "-c", script]).status;
    assert_eq!(status("exit 7").code(), Some(7));
    assert_eq!(status("kill -9 $$").signal(), Some(9));
    assert_eq!(status("kill -15 $$").signal(), Some(15));
    assert_eq!(run(&capsule, &[], &["/no/such/program"]).status.code(), Some(127));

    // A signal to the process here comes to the program there.
    let script = "trap 'echo got it; exit 3' TERM; echo ready; while :; do sleep 0.05; done";
    let shell = HostProgram::new("/bin/sh").arguments(["-c", script]);
    let shell = capsule.program(&shell, &[]);
    let mut child = Command::new(shell.path).args(shell.arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "ready");
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert_eq!(lines.next().unwrap().unwrap(), "got it");
    assert_eq!(child.wait().unwrap().code(), Some(3));

    // What is killed here is killed there.
    let shell = HostProgram::new("/bin/sleep").arguments(["987654"]);
    let shell = capsule.program(&shell, &[]);
    let mut child = Command::new(shell.path).args(shell.arguments).spawn().unwrap();
    let sleeps = || run(&capsule, &[], &["pgrep", "-f", "^/bin/sleep 987654$"]).status.success();
    test_needs::wait_until("the program runs", sleeps);
    child.kill().unwrap();
    child.wait().unwrap();
    test_needs::wait_until("the program is gone", || !sleeps());
    capsule.dispose().unwrap();
}

#[test]
fn images_are_in_a_capsule_from_the_beginning_and_stay_when_one_removes_them() {
    if !possible() {
        return;
    }
    let name = "dockertest/prepared:latest";
    let options = CapsuleOptions::new().with_test_image(&host(), name, &CancelToken::new().unwrap()).unwrap();
    assert_eq!(options, CapsuleOptions::new().with_test_image(&host(), name, &CancelToken::new().unwrap()).unwrap());
    let mut identities = Vec::new();
    for _ in 0..2 {
        let capsule = Capsule::start(&host(), &options).unwrap();
        let said = printed(&capsule, &[], &["docker", "run", "--rm", name, "echo", "hello"]);
        assert_eq!(said, "hello");
        identities.push(printed(&capsule, &[], &["docker", "info", "--format", "{{.ID}}"]));
        printed(&capsule, &[], &["docker", "rmi", "--force", name]);
        assert_eq!(printed(&capsule, &[], &["docker", "images", "--all", "--quiet"]), "");
        capsule.dispose().unwrap();
    }
    assert_ne!(identities[0], identities[1], "each engine is one of its own");
}
