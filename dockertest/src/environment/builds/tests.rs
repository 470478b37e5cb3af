use rstest::rstest;

use super::*;

fn builds() -> (tempfile::TempDir, Builds) {
    let folder = tempfile::tempdir().unwrap();
    let builds = Builds::in_folder(folder.path().join("engines"));
    (folder, builds)
}

/// A folder with a program that says that it is an engine of that version.
fn programs(folder: &Path, name: &str, said: &str) -> PathBuf {
    let bin = folder.join("bin");
    fs::create_dir_all(&bin).unwrap();
    let file = bin.join(name);
    test_needs::script(&file, &format!("#!/bin/sh\necho '{said}'\n"));
    bin
}

#[test]
fn programs_of_ones_own_are_added_found_and_removed() {
    let (folder, builds) = builds();
    let bin = programs(folder.path(), "dockerd", "Docker version 29.0.1-dev, build 123");
    let build = builds.add("docker-mine", &BuildSource::Path(bin.clone()), None).unwrap();
    assert_eq!((build.version.as_str(), build.flavor), ("29.0.1", Flavor::Docker));
    assert_eq!(build.client(), bin.canonicalize().unwrap().join("docker"));
    assert_eq!(build.layers(), [Layer::Folder("/".into())]);
    assert_eq!(builds.all().unwrap(), std::slice::from_ref(&build));
    assert_eq!(builds.get("docker-mine").unwrap(), build);
    let again = builds.add("docker-mine", &BuildSource::Path(bin.clone()), None).unwrap_err().to_string();
    assert!(again.contains("already") && again.contains("dockertest engines remove docker-mine"), "{again}");
    builds.remove("docker-mine").unwrap();
    assert!(builds.all().unwrap().is_empty());
    assert!(bin.join("dockerd").exists(), "what the user gave stays");
    assert_eq!(builds.prepared, None, "and what capsules prepared for the user's builds");
}

#[test]
fn a_folder_without_an_engine_is_refused_and_nothing_is_left() {
    let (folder, builds) = builds();
    let bin = programs(folder.path(), "docker", "a client alone");
    let failure = builds.add("docker-x", &BuildSource::Path(bin), None).unwrap_err();
    assert!(matches!(failure, BuildFailure::NoEngine { .. }), "{failure}");
    let silent = programs(folder.path(), "podman", "hello");
    let failure = builds.add("podman-x", &BuildSource::Path(silent), None).unwrap_err().to_string();
    assert!(failure.contains("`podman`: `--version` ended with exit status: 0: hello"), "{failure}");
    assert!(builds.add("docker-x", &BuildSource::Root(folder.path().join("nowhere")), None).is_err());
    let left: Vec<_> =
        fs::read_dir(folder.path().join("engines")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [LOCK]);
}

#[test]
fn what_a_killed_program_left_is_removed_and_never_listed() {
    let (folder, builds) = builds();
    let unfinished = folder.path().join("engines/.adding-abc");
    fs::create_dir_all(&unfinished).unwrap();
    fs::write(unfinished.join(RECORD), "{}").unwrap();
    assert!(builds.all().unwrap().is_empty());
    let bin = programs(folder.path(), "podman", "podman version 5.4.2");
    builds.add("podman-5.4", &BuildSource::Path(bin), None).unwrap();
    assert!(!unfinished.exists());
}

#[test]
fn a_record_that_cannot_be_read_is_told_with_its_file() {
    let (folder, builds) = builds();
    let place = folder.path().join("engines/docker-1");
    fs::create_dir_all(&place).unwrap();
    for (text, expected) in [
        ("{", "EOF"),
        (
            r#"{"format":9,"build":{"name":"a","flavor":"docker","version":"","origin":{"path":{"folder":"/"}}}}"#,
            "format 9",
        ),
    ] {
        fs::write(place.join(RECORD), text).unwrap();
        let failure = builds.all().unwrap_err().to_string();
        assert!(failure.contains("docker-1/build.json") && failure.contains(expected), "{failure}");
    }
}

#[rstest]
#[case("")]
#[case("../x")]
#[case("-x")]
#[case("Docker")]
#[case("a/b")]
#[case("a\nb")]
fn a_name_that_is_no_folder_and_no_word_is_refused(#[case] name: &str) {
    let (_folder, builds) = builds();
    let failure = builds.add(name, &BuildSource::Path("/".into()), Some(Flavor::Docker)).unwrap_err();
    assert!(matches!(failure, BuildFailure::Name(_)), "{failure}");
}

#[test]
fn who_names_no_flavor_is_asked_for_one() {
    let (_folder, builds) = builds();
    let failure = builds.add("mine", &BuildSource::Path("/".into()), None).unwrap_err().to_string();
    assert_eq!(failure, "is `mine` docker or podman? Say `--flavor`, or let the name begin with one of them");
}

#[test]
fn a_name_that_says_another_kind_than_the_engine_is_refused() {
    let (folder, builds) = builds();
    let failure = builds.add("podman-x", &BuildSource::Path("/".into()), Some(Flavor::Docker)).unwrap_err().to_string();
    let expected = "`podman-x` is no name for docker: it begins with the other kind of engine; choose another name, or \
                    leave out `--flavor`";
    assert_eq!(failure, expected);
    fs::write(folder.path().join("dockerd"), "").unwrap();
    let inside = BuildSource::Path(folder.path().to_owned());
    let failure = builds.add("podman-x", &inside, None).unwrap_err().to_string();
    assert!(failure.ends_with("`: `podman`: it is not there, but `dockerd` is: this is docker"), "{failure}");
    assert_eq!(builds.all().unwrap(), []);
}

#[rstest]
#[case(&["docker.io=28.5.2+dfsg4-5", "libc6=2.43-7"], Flavor::Docker, "28.5.2")]
#[case(&["podman=1:5.4.2+ds1-2+b2"], Flavor::Podman, "5.4.2")]
#[case(&["crun=1.21"], Flavor::Podman, "")]
fn the_version_is_that_of_the_engines_package(
    #[case] packages: &[&str],
    #[case] flavor: Flavor,
    #[case] version: &str,
) {
    let packages: Vec<String> = packages.iter().map(|package| (*package).to_owned()).collect();
    assert_eq!(flavor.version_in(&packages), version);
}
