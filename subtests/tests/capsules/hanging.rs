//! An engine that hangs, and somebody who wants to stop.

use std::fs;
use std::thread;

use dockertest::engine::daemon::DaemonFailure;
use dockertest::environment::capsule::{Capsule, CapsuleOptions, CapsuleProvider, DataRoot, ImagesFailure};
use dockertest::host::CancelToken;

use crate::possible;
use crate::support::host;

#[test]
fn an_engine_that_hangs_is_given_up_when_somebody_wants_to_stop() {
    if !possible() {
        return;
    }
    // Below `/tmp`, where a checkout may be, the engine would not be seen in the capsule.
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let sees = CapsuleProvider::new(host(), CapsuleOptions::new()).sees(folder.path());
    if !test_needs::is_met((!sees).then(|| "`/var/tmp` is not seen in capsules".to_owned())) {
        return;
    }
    let engine = folder.path().join("dockerd");
    test_needs::script(&engine, "#!/bin/sh\n: >/var/lib/docker/hangs\nexec sleep 600\n");
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let options = CapsuleOptions::new().engine(&engine).data_root(DataRoot::Folder(data.clone()));
    let cancel = CancelToken::new().unwrap();
    thread::scope(|scope| {
        let starting = scope.spawn(|| Capsule::start_unless(&host(), &options, &cancel));
        test_needs::wait_until("it hangs", || data.join("var-lib-docker/hangs").exists());
        cancel.cancel("enough");
        let failure = starting.join().unwrap().unwrap_err();
        // Of one that has used up its time it would be told that it is silent.
        assert!(matches!(&failure, DaemonFailure::GivenUp(reason) if reason == "enough"), "{failure}");
    });
    let prepared = options.with_test_image(&host(), "dockertest/prepared:latest", &cancel).unwrap_err();
    assert!(matches!(&prepared, ImagesFailure::Interrupted(reason) if reason == "enough"), "{prepared}");
}
