//! What a step may touch: files by Landlock, the network by seccomp.
//!
//! Best effort by kernel: what one lacks is named ([`missing`]), in `doctor` and in the log of every attempt. Rules are
//! made in the runner and take hold in the child, just before exec.

use super::sys;
use super::wire::Start;
use landlock::{
    ABI, Access, AccessFs, BitFlags, Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetError,
    Scope, path_beneath_rules,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

/// The newest Landlock we know; older kernels enforce what they can of it.
const KNOWN: ABI = ABI::V9;

/// Programs, libraries and their data.
const SYSTEM: [&str; 8] = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/opt"];
/// What programs ask about the machine and themselves. Landlock keeps the memory and environment of processes outside
/// the walls closed even here.
const ABOUT: [&str; 2] = ["/proc", "/sys/devices/system"];
const CHANCE: [&str; 2] = ["/dev/random", "/dev/urandom"];
const SINKS: [&str; 3] = ["/dev/null", "/dev/zero", "/dev/full"];
/// Where names are resolved, for steps that may use the network: targets of the links in `/etc`.
const RESOLVERS: [&str; 2] = ["/run/systemd/resolve", "/run/resolvconf"];

/// What this kernel cannot keep apart, each a sentence.
pub fn missing() -> Vec<String> {
    let mut missing = Vec::new();
    match sys::landlock_abi() {
        0 => missing.push("no Landlock in this kernel: a step can read and write whatever showd can".to_owned()),
        1..=2 => missing.push("this kernel's Landlock cannot keep a step from truncating files".to_owned()),
        3..=5 => missing.push("this kernel's Landlock cannot keep a step from signalling other processes".to_owned()),
        _ => {}
    }
    if !sys::has_seccomp() {
        missing.push("no seccomp in this kernel: a step can use the network".to_owned());
    }
    missing
}

/// The walls of one attempt. `None`: the kernel has none.
///
/// # Errors
/// When the kernel has Landlock and refuses these rules.
pub fn files(start: &Start) -> Result<Option<RulesetCreated>, RulesetError> {
    if sys::landlock_abi() == 0 {
        return Ok(None);
    }
    let read: BitFlags<AccessFs> = AccessFs::from_read(KNOWN);
    let look = AccessFs::ReadFile | AccessFs::ReadDir;
    let work = AccessFs::from_all(KNOWN) & !(AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev);
    let resolvers: &[&str] = if start.network { &RESOLVERS } else { &[] };
    let walls = Ruleset::default()
        .handle_access(AccessFs::from_all(KNOWN))?
        .scope(Scope::from_all(KNOWN))?
        .create()?
        .add_rules(path_beneath_rules(SYSTEM, read))?
        .add_rules(path_beneath_rules(ABOUT.iter().chain(&CHANCE).chain(resolvers), look))?
        .add_rules(path_beneath_rules(SINKS, AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate))?
        .add_rules(path_beneath_rules(&start.reads, read))?
        .add_rules(path_beneath_rules([&start.scratch], work))?;
    Ok(Some(walls))
}

/// Refuses every socket that is not of the Unix family, and the way around it.
///
/// # Errors
/// When this machine's architecture is not known.
pub fn no_network() -> Result<BpfProgram, seccompiler::BackendError> {
    let domain = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, libc::AF_UNIX as u64)?;
    let rules = [
        (libc::SYS_socket, vec![SeccompRule::new(vec![domain])?]),
        // A ring opens sockets without calling socket().
        (libc::SYS_io_uring_setup, Vec::new()),
    ];
    let refuse = SeccompAction::Errno(libc::EACCES as u32);
    let arch = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules.into_iter().collect(), SeccompAction::Allow, refuse, arch)?.try_into()
}
