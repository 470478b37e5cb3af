//! Folders and files as they may really be.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use nix::sys::stat::Mode;
use rstest::rstest;
use tempfile::TempDir;

use super::{Layers, Source};
use crate::config::{Configuration, LoadFailure, MAX_FILE_BYTES};

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn load(folder: &Path) -> Result<Configuration, LoadFailure> {
    Layers::new().custom(Source::Folder(folder.to_owned())).load()
}

/// The problems of a folder, its path left out.
#[track_caller]
fn problems(folder: &TempDir) -> Vec<String> {
    let failure = load(folder.path()).unwrap_err();
    let shown = format!("{}/", folder.path().display());
    failure.problems.iter().map(|problem| problem.to_string().replace(&shown, "")).collect()
}

#[test]
fn a_folder_of_defaults_without_any_is_a_problem() {
    let empty = folder(&[("README", "")]);
    let failure = Layers::new().defaults(Source::Folder(empty.path().to_owned())).load().unwrap_err();
    assert!(failure.to_string().ends_with("has no file that ends in .ini"), "{failure}");
    assert!(load(empty.path()).is_ok(), "a folder of one's own may be empty");
}

#[test]
fn files_are_found_in_any_folder_and_by_their_ending() {
    let folder = folder(&[
        ("a.ini", "[a]\n"),
        ("deep/er/b.ini", "[b]\n"),
        ("s.ini", "[s]\n"),
        ("deep/defaults.ini", "[DEFAULTS]\nx = 1\n"),
        (".hidden.ini", "[hidden]\n"),
        (".git/c.ini", "[git]\n"),
        ("d.ini~", "bad"),
        ("README", "bad"),
        ("notes.txt", "bad"),
        ("e.INI", "bad"),
        ("f.ini.bak", "bad"),
    ]);
    let configuration = load(folder.path()).unwrap();
    assert_eq!(configuration.sections().collect::<Vec<_>>(), ["a", "b", "s"]);
    assert_eq!(configuration.section("a").get("x"), Some("1"));
    let told: Vec<_> = configuration.warnings(&[]).iter().map(ToString::to_string).collect();
    let expected = ["e.INI", "f.ini.bak"]
        .map(|name| format!("{}: is not read: its name does not end in `.ini`", folder.path().join(name).display()));
    assert_eq!(told, expected);
}

#[test]
fn files_are_read_in_the_order_of_their_paths() {
    let folder = folder(&[("b/a.ini", ""), ("c.ini", ""), ("a.ini", ""), ("b.ini", "")]);
    let configuration = load(folder.path()).unwrap();
    let names: Vec<_> = configuration.files().map(|file| file.rsplit("/").next().unwrap().to_owned()).collect();
    assert_eq!(names, ["a.ini", "a.ini", "b.ini", "c.ini"]);
}

#[test]
fn a_file_that_is_a_folder() {
    let folder = folder(&[("a.ini/b.ini", "[a]\n"), ("z.ini", "bad\n")]);
    assert_eq!(problems(&folder)[0], "a.ini: is a folder; a file was expected");
    assert_eq!(problems(&folder).len(), 2);
}

#[rstest]
#[case::latin1(b"[s]\nk = caf\xe9 au lait\n", "x.ini:2:8: byte 0xE9 at offset 11 is not UTF-8")]
#[case::after_other_characters("[s]\nü = é\u{0}".as_bytes(), "")]
#[case::cut_off(b"[s]\nk = \xc3", "x.ini:2:5: byte 0xC3 at offset 8 is not UTF-8")]
#[case::utf16(b"\xff\xfe[\0", "x.ini:1:1: byte 0xFF at offset 0 is not UTF-8")]
fn a_file_that_is_not_utf8(#[case] bytes: &[u8], #[case] expected: &str) {
    let folder = folder(&[]);
    fs::write(folder.path().join("x.ini"), bytes).unwrap();
    if expected.is_empty() {
        assert!(load(folder.path()).is_ok());
    } else {
        assert_eq!(problems(&folder), [expected]);
    }
}

#[test]
fn a_huge_file_is_refused_before_it_is_read() {
    let folder = folder(&[]);
    let file = fs::File::create(folder.path().join("x.ini")).unwrap();
    file.set_len(100 << 20).unwrap();
    assert_eq!(problems(&folder), ["x.ini: is too large: 100.0 MiB; the limit is 16 MiB"]);
    file.set_len(MAX_FILE_BYTES + 1).unwrap();
    assert_eq!(problems(&folder), ["x.ini: is too large: more than 16 MiB"]);
}

#[test]
fn a_pipe_does_not_hang() {
    let folder = folder(&[]);
    nix::unistd::mkfifo(&folder.path().join("x.ini"), Mode::S_IRWXU).unwrap();
    symlink("/dev/zero", folder.path().join("y.ini")).unwrap();
    assert_eq!(
        problems(&folder),
        ["x.ini: is a named pipe; a regular file was expected", "y.ini: is a device; a regular file was expected"]
    );
}

#[test]
fn links_are_followed_but_not_in_circles() {
    let folder = folder(&[("a/x.ini", "[x]\n"), ("b/y.ini", "[y]\nk = 1\n")]);
    symlink("../b", folder.path().join("a/b")).unwrap();
    symlink("y.ini", folder.path().join("b/again.ini")).unwrap();
    assert_eq!(load(folder.path()).unwrap().sections().collect::<Vec<_>>(), ["x", "y"]);
    symlink("..", folder.path().join("a/up")).unwrap();
    symlink("self.ini", folder.path().join("self.ini")).unwrap();
    symlink("nowhere", folder.path().join("to.ini")).unwrap();
    assert_eq!(
        problems(&folder),
        [
            "a/up: is a link to a folder that it is in itself",
            "self.ini: cannot be read: too many symbolic links encountered",
            "to.ini: cannot be read: no such file or directory",
        ]
    );
}

#[test]
fn what_is_unreadable_is_told() {
    if nix::unistd::Uid::effective().is_root() && !test_needs::is_again() {
        // Root reads everything, unless it gives that up.
        let this = test_needs::again("config::tests::files::what_is_unreadable_is_told");
        let mut ordinary = Command::new("setpriv");
        ordinary.arg("--bounding-set=-dac_override,-dac_read_search").arg(this.get_program()).args(this.get_args());
        let output = ordinary.env(test_needs::AGAIN, "1").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains(" 1 passed"), "{output:?}");
        return;
    }
    let folder = folder(&[("a/x.ini", "[x]\n"), ("y.ini", "[y]\n")]);
    for path in ["a", "y.ini"] {
        fs::set_permissions(folder.path().join(path), fs::Permissions::from_mode(0o000)).unwrap();
    }
    let seen = problems(&folder);
    // So that it can be removed.
    fs::set_permissions(folder.path().join("a"), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(seen, ["a: cannot be read: permission denied", "y.ini: cannot be read: permission denied"]);
}

#[test]
fn a_missing_folder_is_told() {
    let folder = folder(&[("file", "")]);
    let missing = load(&folder.path().join("none")).unwrap_err();
    assert!(missing.to_string().ends_with("none: cannot be read: no such file or directory"), "{missing}");
    let file = load(&folder.path().join("file")).unwrap_err();
    assert!(file.to_string().ends_with("file: is not a folder"), "{file}");
}

#[test]
fn an_unread_file_does_not_make_its_options_unknown() {
    let folder = folder(&[("a.ini", "[s]\nx = %(elsewhere)s\n")]);
    fs::write(folder.path().join("b.ini"), b"[s]\nelsewhere = \xff").unwrap();
    assert_eq!(problems(&folder), ["b.ini:2:13: byte 0xFF at offset 16 is not UTF-8"]);
}

#[test]
fn the_same_file_in_two_layers_is_read_for_both() {
    let shipped = folder(&[("a.ini", "[s]\nx = 1\n")]);
    let source = Source::Folder(shipped.path().to_owned());
    let configuration = Layers::new().defaults(source.clone()).custom(source).load().unwrap();
    assert_eq!(configuration.files().count(), 2);
}

#[test]
fn built_in_files_have_a_path_of_their_own() {
    use crate::config::BuiltInFile;
    static FILES: [BuiltInFile; 1] = [BuiltInFile { path: "subtests/a.ini", text: "[a]\nx = 1\n" }];
    let configuration = Layers::new().defaults(Source::BuiltIn(&FILES)).load().unwrap();
    assert_eq!(configuration.section("a").setting("x").unwrap().origin.to_string(), "<built in>/subtests/a.ini:2");
}
