// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The system calls that are left, and what becomes of the others.
//!
//! A call that is not listed fails with EPERM, and the process goes on: whoever called it says
//! so in the log, and a library that tries something newer than this list does without it.
//! Killing the process instead would take the guest's GPU with it, for a call that has had no
//! effect either way. What a list lacks is found with [`Refusal::Log`].

use std::collections::BTreeMap;

use anyhow::Context;
use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Op, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};
use virtio_igpu_host_gpu::uapi;

/// What becomes of a call that is not listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It fails with EPERM.
    Errno,
    /// It is made, and the kernel's log names it.
    Log,
}

/// Calls that are made whatever their arguments.
const ANY: &[c_long] = &[
    // Descriptors: the rings' eventfds, sockets, the log, files that Landlock lets be opened.
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_lseek,
    libc::SYS_openat,
    libc::SYS_close,
    libc::SYS_fcntl,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_unlinkat,
    libc::SYS_eventfd2,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_ppoll,
    // Connections of listening sockets: none can be made or connected.
    libc::SYS_accept4,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_shutdown,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    // Memory: the guest's, by the descriptors that the VMM sends, and the allocator's.
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    // Threads, and what their locks and clocks are made of.
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_set_tid_address,
    libc::SYS_membarrier,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getcpu,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_geteuid,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_nanosleep,
    libc::SYS_getrandom,
    // Signals as they come, and the end.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Answered by the filter in front.
    libc::SYS_clone3,
];

/// Calls that newer architectures have under another name only.
#[cfg(target_arch = "x86_64")]
const OLD: &[c_long] = &[
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_rename,
    libc::SYS_unlink,
    libc::SYS_epoll_wait,
    libc::SYS_poll,
    libc::SYS_time,
];
#[cfg(not(target_arch = "x86_64"))]
const OLD: &[c_long] = &[];

/// Calls of DRM devices: the middle byte of their numbers.
const DRM: u64 = (b'd' as u64) << 8;

/// Flags of clone by which something other than a namespace of this process is told apart.
const NAMESPACES: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET) as u32 as u64;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Allows a call, where one of its arguments is so.
fn allow(
    rules: &mut Rules,
    call: c_long,
    argument: u8,
    length: Length,
    op: Op,
    value: u64,
) -> anyhow::Result<()> {
    let condition = SeccompCondition::new(argument, length, op, value)?;
    let rule = SeccompRule::new(vec![condition])?;
    rules.entry(call).or_default().push(rule);
    Ok(())
}

/// The list.
fn rules(gpu: bool) -> anyhow::Result<Rules> {
    let mut rules: Rules = ANY.iter().chain(OLD).map(|&call| (call, vec![])).collect();
    // Memory that can be executed is there already.
    let executable = libc::PROT_EXEC as u64;
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        let op = Op::MaskedEq(executable);
        allow(&mut rules, call, 2, Length::Dword, op, 0)?;
    }
    // A thread, no process.
    let thread = libc::CLONE_THREAD as u64;
    let op = Op::MaskedEq(thread | NAMESPACES);
    allow(&mut rules, libc::SYS_clone, 0, Length::Qword, op, thread)?;
    let name = libc::PR_SET_NAME as u64;
    allow(&mut rules, libc::SYS_prctl, 0, Length::Dword, Op::Eq, name)?;
    // Raised by a panic that aborts: of this process.
    let own = u64::from(std::process::id());
    allow(&mut rules, libc::SYS_tgkill, 0, Length::Dword, Op::Eq, own)?;
    // Asked of a thread's stack; nothing is set.
    let limit = libc::SYS_prlimit64;
    allow(&mut rules, limit, 2, Length::Qword, Op::Eq, 0)?;
    for call in [libc::FIONBIO, libc::FIOCLEX] {
        let call = u64::from(call as u32);
        allow(&mut rules, libc::SYS_ioctl, 1, Length::Dword, Op::Eq, call)?;
    }
    if gpu {
        let op = Op::MaskedEq(0xff00);
        allow(&mut rules, libc::SYS_ioctl, 1, Length::Dword, op, DRM)?;
        let udmabuf = u64::from(uapi::IOCTL_UDMABUF_CREATE_LIST);
        allow(
            &mut rules,
            libc::SYS_ioctl,
            1,
            Length::Dword,
            Op::Eq,
            udmabuf,
        )?;
    }
    Ok(rules)
}

/// Refuses this process's threads, and those they start, all calls that are not listed; with
/// `gpu`, calls of DRM devices are.
pub(super) fn keep(refusal: Refusal, gpu: bool) -> anyhow::Result<()> {
    let target = TargetArch::try_from(std::env::consts::ARCH).context("no filters for this CPU")?;
    let refused = match refusal {
        Refusal::Errno => SeccompAction::Errno(libc::EPERM as u32),
        Refusal::Log => SeccompAction::Log,
    };
    let listed = SeccompFilter::new(rules(gpu)?, refused, SeccompAction::Allow, target)?;
    // What clone3 is to make stands in memory, where no filter looks. Without it, libraries
    // use clone.
    let clone3 = Rules::from([(libc::SYS_clone3, vec![])]);
    let missing = SeccompAction::Errno(libc::ENOSYS as u32);
    let in_front = SeccompFilter::new(clone3, SeccompAction::Allow, missing, target)?;
    // The list is the last: it doesn't allow that there is another one.
    for filter in [in_front, listed] {
        let program: BpfProgram = filter.try_into()?;
        seccompiler::apply_filter_all_threads(&program).context("this kernel takes no filter")?;
    }
    Ok(())
}
