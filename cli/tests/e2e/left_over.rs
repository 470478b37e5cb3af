//! What a step made in the engine is gone afterwards, also when somebody kills the step or the runner.

use std::process::{Command, Output};

use rstest::rstest;

use crate::suite::Engine;
use crate::support::{Done, Place};

/// A client that, when it has started a container (which does not obey SIGTERM), notes its name and kills processes: the
/// step (`$PPID`), and its parent, the runner, if that is wanted. Alone, a step would clean up.
fn killer(place: &Place, victim: &str) -> String {
    let noted = place.path("name");
    let script = format!(
        r#"
case " $* " in
    *" run "*)
        name=$(printf '%s\n' "$@" | sed -n 's/^--name=//p')
        /usr/bin/docker "$@" >/dev/null 2>&1 &
        until [ "$(/usr/bin/docker inspect --format '{{{{.State.Running}}}}' "$name" 2>/dev/null)" = true ]; do sleep 0.1; done
        echo "$name" >{noted}
        runner=$(cut -d' ' -f4 /proc/$PPID/stat)
        kill -KILL {victim}
        exec sleep 1000
        ;;
esac
exec /usr/bin/docker "$@""#,
        noted = noted.display()
    );
    format!("docker_path={}", place.script("bin/docker", &script).display())
}

/// A place for runs in an engine that nobody else uses: any run would tidy it up.
fn place(engine: &Engine) -> Place {
    Place::new().with("DOCKER_HOST", &engine.0.address())
}

fn docker(engine: &Engine, arguments: &[&str]) -> Output {
    Command::new("/usr/bin/docker").args(arguments).env("DOCKER_HOST", engine.0.address()).output().unwrap()
}

fn is_there(engine: &Engine, container: &str) -> bool {
    docker(engine, &["inspect", container]).status.success()
}

/// Makes somebody else's container whose name begins like ours, and gives its name.
fn foreign(engine: &Engine, container: &str) -> String {
    let image = docker(engine, &["inspect", "--format", "{{.Image}}", container]).stdout;
    let (name, image) = (format!("{container}-foreign"), String::from_utf8(image).unwrap());
    Done::from(docker(engine, &["create", "--name", &name, image.trim(), "true"])).expect(0);
    name
}

#[test]
fn a_step_that_is_killed_leaves_no_container() {
    let Some(engine) = Engine::start() else { return };
    let place = place(&engine);
    let set = killer(&place, "$PPID");
    let done = place.run(&["run", "--args=docker_cli/stop/force", "--set", &set]);
    assert_ne!(done.status, 0, "{}", done.stdout);
    let name = place.read("name");
    assert!(!is_there(&engine, name.trim()), "{name} is left:\n{}", done.stdout);
}

#[rstest]
#[case::resume(true)]
#[case::the_next_run(false)]
fn a_runner_that_is_killed_leaves_a_container_until(#[case] resume: bool) {
    let Some(engine) = Engine::start() else { return };
    let place = place(&engine);
    let set = killer(&place, "$runner $PPID");
    assert_eq!(place.run(&["run", "--args=docker_cli/stop/force", "--set", &set]).status, -9);
    let name = place.read("name").trim().to_owned();
    assert!(is_there(&engine, &name));
    let foreign = foreign(&engine, &name);
    let done = if resume {
        place.run(&["resume"])
    } else {
        let next = self::place(&engine).run(&["run", "--args=docker_cli/rm/finished"]).expect(0);
        let told = format!("removed container {name}, which an earlier run left");
        assert!(next.stdout.contains(&told) || next.stderr.contains(&told), "{}\n{}", next.stdout, next.stderr);
        next
    };
    assert!(!is_there(&engine, &name), "{name} is left:\n{}\n{}", done.stdout, done.stderr);
    assert!(is_there(&engine, &foreign), "{foreign} was nobody's to remove");
}

/// A host whose subtest leaves one of everything, and says that it is well. It calls all of it `litter`.
const LITTER: &str = r#"
hello='{"hello":{"protocol":1,"api-version":"0.9.0","program":"litter 1"}}'
case $1 in
list) printf '%s\n' "$hello" '{"subtest":{"name":"litter","needs-engine":true}}' '{"listed":{"subtests":1}}';;
run)
    read -r request; echo "$hello"
    labels="--label=dockertest.run=$DOCKERTEST_RUN --label=dockertest.step=$DOCKERTEST_STEP"
    {
        docker volume create $labels litter-volume
        docker network create $labels litter-network
        docker run $labels --name=litter-exited --network=none dockertest/test:latest true
        docker run $labels --name=litter-runs --network=none --detach dockertest/test:latest sleep 1000
        docker commit --change="LABEL dockertest.run=$DOCKERTEST_RUN" litter-exited litter-image:one
        docker commit --change="LABEL dockertest.run=$DOCKERTEST_RUN" --message=nameless litter-exited
        mkdir litter-mount && mount -t tmpfs litter litter-mount
        # Somebody else's, made at the same time.
        docker volume create foreign-volume
        docker tag dockertest/test:latest foreign-image:one
    } >&2
    echo '{"ended":{"verdict":"GOOD","reason":""}}';;
esac"#;

#[test]
fn what_a_subtest_leaves_is_found_blamed_on_it_and_removed() {
    let Some(engine) = Engine::start() else { return };
    let place = Place::whole().with("DOCKER_HOST", &engine.0.address());
    place.script("litter.sh", LITTER);
    // The image is made by the first of the tests before the run.
    let run =
        place.run(&["run", "--plugin", "litter.sh", "--args=litter", "--set", "garbage_check.remove_garbage=yes"]);
    let run = run.expect(1);
    let verdicts = place.verdicts();
    let of =
        |name: &str| verdicts.iter().find(|(step, ..)| step == name).unwrap_or_else(|| panic!("{name}: {verdicts:?}"));
    assert_eq!(of("litter").1, "GOOD", "{}", run.stdout);
    assert_eq!(of("garbage_check").1, "FAIL", "{}", run.stdout);
    let results = place.results();
    let step = results["steps"].as_array().unwrap().iter().find(|step| step["name"] == "garbage_check").unwrap();
    let told: Vec<(String, String)> = step["subsubtests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|child| {
            let text = |key: &str| child[key].as_str().unwrap_or_default().to_owned();
            (text("name"), format!("{} {}", text("verdict"), text("reason")))
        })
        .collect();
    for (sort, left) in [
        ("containers", "litter-exited"),
        ("containers", "litter-runs"),
        ("images", "litter-image:one"),
        ("volumes", "litter-volume"),
        ("networks", "litter-network"),
        ("mounts", "litter-mount"),
        ("nones", "FAIL"),
    ] {
        let (_, text) = told.iter().find(|(name, _)| name == sort).unwrap_or_else(|| panic!("{sort}: {told:?}"));
        assert!(text.starts_with("FAIL ") && text.contains(left), "{sort}: {text}");
        assert!(text.contains("litter"), "it is not blamed on its step: {sort}: {text}");
    }
    let listed = |arguments: &[&str]| String::from_utf8(docker(&engine, arguments).stdout).unwrap();
    assert_eq!(listed(&["ps", "--all", "--quiet"]), "");
    let volumes = listed(&["volume", "ls", "--format", "{{.Name}}"]);
    assert_eq!(volumes.trim(), "foreign-volume");
    let images = listed(&["images", "--all", "--format", "{{.Repository}}:{{.Tag}}"]);
    let mut images: Vec<&str> = images.lines().collect();
    images.sort_unstable();
    assert_eq!(images, ["dockertest/test:latest", "foreign-image:one"]);
    assert!(!listed(&["network", "ls"]).contains("litter"));
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains("litter-mount"), "{mounts}");
}
