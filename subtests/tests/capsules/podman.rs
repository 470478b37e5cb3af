//! Capsules for podman.

use std::path::PathBuf;

use dockertest::environment::capsule::{Capsule, CapsuleOptions, CapsuleProvider, EngineKind};
use dockertest::host::CancelToken;

use crate::support::{host, remains};
use crate::{printed, run};

#[test]
fn podman_has_images_from_the_beginning_too_and_can_remove_them() {
    let options = CapsuleOptions::new().kind(EngineKind::Podman);
    if !test_needs::is_met(CapsuleProvider::new(host(), options.clone()).obstacle()) {
        return;
    }
    let name = "dockertest/prepared:latest";
    let prepared = options.clone().with_test_image(&host(), name, &CancelToken::new().unwrap()).unwrap();
    assert_eq!(prepared, options.with_test_image(&host(), name, &CancelToken::new().unwrap()).unwrap());
    for _ in 0..2 {
        let capsule = Capsule::start(&host(), &prepared).unwrap();
        let said =
            printed(&capsule, &[], &["podman", "run", "--rm", "--network=none", name, "stat", "-c%u", "/home/user"]);
        assert_eq!(said, "1000", "owners are kept");
        printed(&capsule, &[], &["podman", "rmi", name]);
        assert_eq!(printed(&capsule, &[], &["podman", "images", "--all", "--quiet"]), "");
        // Nothing of it is left that would be in the way of the same image once more.
        let script =
            "mkdir /tmp/root && podman import --quiet - again </dev/null && podman images --quiet | wc --lines";
        assert!(printed(&capsule, &[], &["/bin/sh", "-c", script]).ends_with('1'));
        capsule.dispose().unwrap();
    }
}

#[test]
fn a_capsule_for_podman_is_a_clean_engine_without_a_daemon() {
    let options = CapsuleOptions::new().kind(EngineKind::Podman);
    if !test_needs::is_met(CapsuleProvider::new(host(), options.clone()).obstacle()) {
        return;
    }
    let mut capsule = Capsule::start(&host(), &options).unwrap();
    assert_eq!(capsule.problem(), None);
    assert_eq!(printed(&capsule, &[], &["podman", "images", "--quiet"]), "");
    let script = "mkdir /tmp/root && cp $(command -v busybox) /tmp/root && tar -C /tmp/root -c . | podman import --quiet - made \
                  && podman run --rm made /busybox echo hello";
    let said = printed(&capsule, &[], &["/bin/sh", "-c", script]);
    assert!(said.ends_with("hello"), "{said}");
    let folder = capsule.folder().to_owned();
    capsule.dispose().unwrap();
    assert_eq!(remains(&folder), Vec::<PathBuf>::new());
}

/// Podman of somebody who is not root, in the user namespace that it makes for itself. What it needs of the kernel and of the
/// distribution is looked for first.
#[test]
fn podman_without_root_runs_containers_in_a_capsule() {
    let options = CapsuleOptions::new().kind(EngineKind::Podman);
    if !test_needs::is_met(CapsuleProvider::new(host(), options.clone()).obstacle()) {
        return;
    }
    let capsule = Capsule::start(&host(), &options).unwrap();
    let does = |script: &str| run(&capsule, &[], &["/bin/sh", "-c", script]).status.success();
    let has_tools = does("command -v newuidmap && command -v newgidmap && command -v useradd");
    if !test_needs::is_met((!has_tools).then(|| "there is no `newuidmap` (Debian: uidmap)".to_owned())) {
        return;
    }
    if !does("setpriv --reuid 65534 --regid 65534 --clear-groups unshare --user true") {
        test_needs::skip("users may not make user namespaces");
        return;
    }
    // It has ranges of users of its own, a folder for sockets, and mounts that reach the namespaces below.
    let script = "set -e
        useradd --create-home ordinary
        grep -q ordinary /etc/subuid || { echo ordinary:100000:65536 >>/etc/subuid; echo ordinary:100000:65536 >>/etc/subgid; }
        mkdir -p /tmp/root /run/user/ordinary && chmod 755 /tmp/root && chown ordinary /run/user/ordinary
        cp $(command -v busybox) /tmp/root
        mount --make-rshared /
        cd /home/ordinary
        exec setpriv --reuid ordinary --regid ordinary --init-groups env --unset=CONTAINER_HOST HOME=/home/ordinary \
            XDG_RUNTIME_DIR=/run/user/ordinary /bin/sh -c 'set -e
                podman info --format {{.Host.Security.Rootless}}
                tar -C /tmp/root -c . | podman import --quiet - made >&2
                podman run --rm --network none made /busybox id -u
                podman run --rm --network none --user 1234 made /busybox id -u'";
    assert_eq!(printed(&capsule, &[], &["/bin/sh", "-c", script]), "true\n0\n1234");
    let folder = capsule.folder().to_owned();
    capsule.dispose().unwrap();
    assert_eq!(remains(&folder), Vec::<PathBuf>::new());
}
