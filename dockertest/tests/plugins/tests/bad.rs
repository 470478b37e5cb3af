//! Plug-ins that misbehave: each is an error that names it, within a bounded time, and nothing more.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::Command;
use std::time::{Duration, Instant};

use common::{LIMIT, compile, host, loader, package};
use dockertest::host::HostProgram;
use rstest::{Context, rstest};
use tempfile::TempDir;

/// How long the ones may take that hang.
const SHORT: Duration = Duration::from_secs(2);

/// What the list of `FOLDER/bad.so` says, with the folder left out.
fn said(folder: &TempDir, limit: Duration) -> String {
    let begun = Instant::now();
    let text = match host(&folder.path().join("bad.so")).list(limit) {
        Ok(listing) => format!("well: {} of {}", listing.subtests.len(), listing.hello.program),
        Err(failure) => failure.to_string(),
    };
    assert!(begun.elapsed() < limit + Duration::from_secs(60), "it took {:?}: {text}", begun.elapsed());
    text.replace(&format!("{}/", folder.path().display()), "")
}

fn compiled(flags: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    compile(&package().join("bad.c"), flags, &folder.path().join("bad.so"));
    folder
}

/// Flags, in which there may be blanks.
fn words(flags: &str) -> Vec<&str> {
    let starts = flags.match_indices(" -D").map(|(at, _)| at + 1);
    let starts: Vec<usize> = std::iter::once(0).chain(starts).chain([flags.len()]).collect();
    starts.windows(2).map(|pair| flags[pair[0]..pair[1]].trim_end()).collect()
}

#[rstest]
#[case::aborts_when_it_is_loaded("-DCONSTRUCT=abort()")]
#[case::crashes_when_it_is_loaded("-DCONSTRUCT=*(volatile int*)0=0")]
#[case::ends_the_process_when_it_is_loaded("-DCONSTRUCT=_exit(0)")]
#[case::prints_when_it_is_loaded("-DCONSTRUCT=puts(\"{\\\"listed\\\":{\\\"subtests\\\":7}}\")")]
#[case::has_another_magic("-DMAGIC=\"NOTHING\"")]
#[case::has_a_short_record("-DSIZE=20")]
#[case::says_that_its_record_is_endless("-DSIZE=0xffffffff")]
#[case::is_of_the_future("-DABI=2")]
#[case::is_of_the_past("-DABI=0")]
#[case::has_no_name("-DABI=7 -DPROGRAM=\"\"")]
#[case::has_no_record("-DNO_RECORD")]
#[case::has_its_record_nowhere("-DNOWHERE")]
#[case::has_no_list("-DNO_LIST")]
#[case::has_no_run("-DNO_RUN")]
#[case::is_of_another_api("-DAPI_MINOR=4 -DAPI=\"0.4.2\"")]
#[case::is_of_another_api_and_crashes("-DAPI_MINOR=4 -DLIST=(*(volatile int*)0)")]
#[case::is_of_another_api_and_speaks_another_language("-DAPI_MINOR=4 -DLIST=say(host,\"HELLO\\n\")")]
#[case::says_another_api_than_its_record("-DAPI=\"0.4.2\"")]
#[case::says_our_api_and_its_record_another("-DAPI_MINOR=4")]
#[case::says_it_bit_by_bit("-DAPI_MINOR=4 -DLIST=bit_by_bit(host)")]
#[case::has_a_first_line_without_an_end("-DLIST=say(host,\"{\\\"hello\\\":\")")]
#[case::ends_the_process_in_list("-DLIST=(exit(0),0)")]
#[case::gives_an_error("-DLIST=3")]
#[case::gives_an_error_after_its_list("-DLIST=(all(host),3)")]
#[case::says_nothing("-DLIST=0")]
#[case::lies_about_a_length("-DLIST=bytes(host,\"{}\",(size_t)-1)")]
#[case::lies_about_a_pointer("-DLIST=bytes(host,NULL,10)")]
#[case::lies_by_a_page("-DLIST=beyond(host)")]
#[case::writes_no_utf8("-DLIST=say(host,\"{\\\"hello\\\":\\xff\\xfe}\\n\")")]
#[case::writes_nul_bytes("-DLIST=bytes(host,\"a\\0b\\n\",4)")]
#[case::writes_another_context("-DLIST=host->write(NULL,(const uint8_t*)\"x\",1)")]
#[case::crashes_in_list("-DLIST=(*(volatile int*)0)")]
#[case::leaves_a_daemon("-DLIST=daemon_of_its_own(host)")]
fn each_says_what_is_wrong(#[case] flags: &str, #[context] context: Context) {
    let folder = compiled(&words(flags));
    insta::assert_snapshot!(context.description.unwrap(), said(&folder, LIMIT));
}

#[rstest]
#[case::hangs_when_it_is_loaded("-DCONSTRUCT=for(;;)pause()")]
#[case::spins_when_it_is_loaded("-DCONSTRUCT=for(volatile int i=0;;i++)")]
#[case::hangs_in_list("-DLIST=({for(;;)pause();0;})")]
#[case::is_of_another_api_and_hangs("-DAPI_MINOR=4 -DLIST=({for(;;)pause();0;})")]
#[case::hangs_after_its_list("-DLIST=({all(host);for(;;)pause();0;})")]
fn those_that_hang_are_ended(#[case] flag: &str, #[context] context: Context) {
    let folder = compiled(&words(flag));
    insta::assert_snapshot!(context.description.unwrap(), said(&folder, SHORT));
}

#[test]
fn a_step_of_another_api_is_not_begun() {
    let folder = compiled(&words("-DAPI_MINOR=4 -DAPI=\"0.4.2\" -DRUN=(abort(),0)"));
    let host = host(&folder.path().join("bad.so"));
    let output = Command::new(&host.path).args(&host.arguments).args(["run", "bad"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(r#"{"ended":{"verdict":"ERROR","reason":"the plug-in `"#), "{said}");
    assert!(said.contains("`bad 0.1` was built for API version 0.4.0, which does not fit 0.9.0: adapt"), "{said}");
    assert!(output.status.success(), "{}", output.status);
}

#[test]
fn one_that_goes_on_after_its_list_is_ended() {
    let text = said(&compiled(&["-DLIST=thread(host)"]), LIMIT);
    // How far the thread gets is up to the machine: behind the list it is a fault.
    assert!(text == "well: 1 of bad 0.1" || text.starts_with("`bad.so list`: "), "{text}");
}

#[rstest]
#[case::empty(b"")]
#[case::text(b"#!/bin/sh\necho no library\n")]
#[case::cut_off(b"\x7fELF\x02\x01\x01")]
fn what_is_no_library_says_so(#[case] bytes: &[u8], #[context] context: Context) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bad.so"), bytes).unwrap();
    insta::assert_snapshot!(context.description.unwrap(), said(&folder, LIMIT));
}

/// Changes a few bytes of a library that is well.
fn patched(patch: impl FnOnce(&mut Vec<u8>)) -> TempDir {
    let folder = compiled(&[]);
    let file = folder.path().join("bad.so");
    let mut bytes = fs::read(&file).unwrap();
    patch(&mut bytes);
    fs::write(file, bytes).unwrap();
    folder
}

#[test]
fn a_library_of_another_machine_says_so() {
    let folder = patched(|bytes| bytes[18..20].copy_from_slice(&183_u16.to_le_bytes()));
    let text = said(&folder, LIMIT);
    assert!(text.contains("it is for AArch64 (183), 64 bit; this program is for "), "{text}");
}

#[test]
fn a_library_that_is_cut_off_says_so() {
    let text = said(&patched(|bytes| bytes.truncate(1000)), LIMIT);
    assert!(text.starts_with("`bad.so list`: it is cut off: it has 1000 bytes, expected "), "{text}");
}

#[test]
fn a_library_that_needs_another_one_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let needed = folder.path().join("libneeded.so");
    compile(&package().join("bad.c"), &["-Wl,-soname,libneeded.so"], &needed);
    let needs = needed.display().to_string();
    compile(&package().join("bad.c"), &["-Wl,--no-as-needed", &needs], &folder.path().join("bad.so"));
    fs::remove_file(needed).unwrap();
    let text = said(&folder, LIMIT);
    assert!(text.contains("it cannot be loaded: ") && text.contains("libneeded.so"), "{text}");
}

#[test]
fn what_is_not_there_or_a_folder_says_so() {
    let folder = tempfile::tempdir().unwrap();
    assert!(said(&folder, LIMIT).contains("it cannot be read: No such file or directory"));
    fs::create_dir(folder.path().join("bad.so")).unwrap();
    assert!(said(&folder, LIMIT).contains("it cannot be read: Is a directory"));
}

#[test]
fn a_pipe_says_so_and_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new("mkfifo").arg(folder.path().join("bad.so")).status().unwrap();
    assert!(made.success());
    assert_eq!(said(&folder, LIMIT), "`bad.so list`: it cannot be read: it is a pipe or a device, expected a file");
}

#[test]
fn what_may_not_be_read_says_so() {
    let folder = compiled(&[]);
    let plugin = folder.path().join("bad.so");
    fs::set_permissions(&plugin, Permissions::from_mode(0o000)).unwrap();
    let mut host = loader();
    // Root may read everything, unless it gives that up.
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        let loader = std::mem::replace(&mut host.path, "setpriv".into());
        host.arguments.extend(["--bounding-set=-dac_override,-dac_read_search".into(), loader.into()]);
    }
    let text = HostProgram::plugin(&host, &plugin).list(LIMIT).unwrap_err().to_string();
    assert!(text.ends_with("bad.so list`: it cannot be read: Permission denied (os error 13)"), "{text}");
}

#[test]
fn a_link_is_followed() {
    let (folder, real) = (tempfile::tempdir().unwrap(), compiled(&[]));
    symlink(real.path().join("bad.so"), folder.path().join("bad.so")).unwrap();
    assert_eq!(said(&folder, LIMIT), "well: 1 of bad 0.1");
}
