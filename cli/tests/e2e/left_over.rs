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
