//! What a step can reach: its scratch, its inputs, the system's programs, and nothing else.

use crate::bench::{Bench, finished, shell};
use std::fs;

/// What a script printed, without the walls' own notes.
fn printed(bench: &Bench, job: u64) -> String {
    let printed = bench.printed(job);
    let lines: Vec<&str> = printed.lines().filter_map(|line| line.strip_prefix("out: ")).collect();
    lines.join("\n") + "\n"
}

#[test]
fn only_scratch_can_be_written() {
    let bench = Bench::new();
    let outside = bench.dir.path().join("share/episodes/0900/info.md");
    fs::write(&outside, "a person's words").expect("writes");
    let mut order = shell(
        1,
        r#"
        try() { "$@" 2>&1 && echo "did: $*"; }
        echo ok > mine && mkdir -p deep/er && mv mine deep/er/ && ln -s deep link && echo "own scratch: yes"
        try sh -c "echo gone > $1"
        try rm "$1"
        try mv "$1" out/stolen
        try ln "$1" out/second-name
        try mkdir /tmp/show-was-here /var/tmp/show-was-here
        echo x > /dev/null && head -c 4 /dev/urandom > /dev/null && echo "devices: yes"
        "#,
    );
    if let show_core::Work::Program(words) = &mut order.work {
        words.extend(["sh".to_owned(), outside.to_str().expect("UTF-8").to_owned()]);
    }
    bench.start(order);
    finished(bench.ended(1));
    let printed = printed(&bench, 1);
    assert!(printed.contains("own scratch: yes") && printed.contains("devices: yes"), "{printed}");
    assert!(!printed.contains("did: "), "{printed}");
    assert!(printed.matches("Permission denied").count() >= 5, "the refusals can be read: {printed}");
    assert_eq!(fs::read_to_string(&outside).expect("is there"), "a person's words");
}

#[test]
fn nothing_is_read_but_the_system_and_what_was_declared() {
    let bench = Bench::new();
    let declared = bench.share_file("note", "episodes/0900/rundown/10 Tea.md", b"declared\n");
    let secret = bench.dir.path().join("share/episodes/0900/secret.md");
    fs::write(&secret, "secret").expect("writes");
    let extra = bench.dir.path().join("tools");
    fs::create_dir(&extra).expect("makes");
    fs::write(extra.join("data"), "extra\n").expect("writes");
    let script = format!(
        r#"cat "$1" "{extra}/data"; cat "{secret}" "{state}/runner/lock"; ls /root /home "{share}"; cat /etc/hostname > /dev/null && echo system"#,
        extra = extra.display(),
        secret = secret.display(),
        state = bench.state().display(),
        share = bench.dir.path().join("share").display(),
    );
    let mut order = shell(1, &format!("{script}; true"));
    order.inputs = vec![declared];
    order.reads = vec![extra.display().to_string()];
    if let show_core::Work::Program(words) = &mut order.work {
        words.extend(["sh".to_owned(), "{in.note}".to_owned()]);
    }
    bench.start(order);
    finished(bench.ended(1));
    assert_eq!(printed(&bench, 1), "declared\nextra\nsystem\n");
    assert_eq!(bench.printed(1).matches("Permission denied").count(), 5, "{}", bench.printed(1));
}

#[test]
fn the_network_is_closed_unless_the_step_says_so() {
    let bench = Bench::new();
    // Nobody listens there: with a network the answer is a refusal of the other side.
    let script = "exec bash -c 'exec 4<>/dev/tcp/127.0.0.1/1'";
    bench.run(1, script);
    assert!(bench.printed(1).contains("Permission denied"), "{}", bench.printed(1));
    let mut order = shell(2, script);
    order.network = true;
    bench.start(order);
    bench.ended(2);
    assert!(bench.printed(2).contains("Connection refused"), "{}", bench.printed(2));
    finished(bench.run(3, "perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0) or die $!'"));
}

#[test]
fn a_step_can_neither_signal_nor_command_its_runner() {
    let bench = Bench::new();
    let socket = bench.state().join("runner/socket");
    let script = format!(
        r#"kill -0 {pid} 2>&1; cd {dir} 2>/dev/null
        perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0); connect(S, sockaddr_un("{socket}")) or die "closed\n";
                          print "answer of ", (sysread(S, $x, 100) || 0), " bytes\n"' 2>&1"#,
        pid = bench.runner_pid(),
        dir = socket.parent().expect("a directory").display(),
        socket = socket.display(),
    );
    bench.run(1, &script);
    let printed = printed(&bench, 1);
    assert!(printed.contains("not permitted"), "{printed}");
    assert!(printed.contains("answer of 0 bytes") || printed.contains("closed"), "{printed}");
}

#[test]
fn a_step_starts_clean() {
    let bench = Bench::new();
    let script = "env | cut -d= -f1 | sort | tr '\\n' ' '; echo; pwd; echo $HOME $TMPDIR; umask; nice; ulimit -c
        for fd in $(seq 0 99); do [ -e /proc/$$/fd/$fd ] && printf '%s ' $fd; done; echo; readlink /proc/$$/fd/0; grep SigBlk /proc/self/status; ps -o pgid= -p $$ | tr -d ' '; echo $$";
    finished(bench.run(1, script));
    let printed = printed(&bench, 1);
    let lines: Vec<&str> = printed.lines().collect();
    let scratch = bench.scratch(1).display().to_string();
    let names = "HOME LANG PATH PWD SHOW_ATTEMPT SHOW_JOB SHOW_ORDER SHOW_OUT SHOW_REPORT_FD SHOW_RESULT SHOW_SCRATCH SHOW_STEP TMPDIR";
    assert_eq!(lines[0].trim().trim_end_matches(" _"), names);
    assert_eq!(lines[1], scratch);
    assert_eq!(lines[2], format!("{scratch}/home {scratch}/tmp"));
    // Ten nicer than we are ourselves, as far as that goes.
    let own = rustix::process::getpriority_process(None).expect("our own");
    assert_eq!(lines[4..6], [(own + 10).min(19).to_string().as_str(), "0"], "nice and core size: {printed}");
    assert_eq!(lines[6].trim(), "0 1 2 3", "open descriptors");
    assert_eq!(lines[7], "/dev/null");
    assert_eq!(lines[8], "SigBlk:\t0000000000000000", "it hears every signal");
    assert_eq!(lines[9], lines[10], "it leads its own group");
}
