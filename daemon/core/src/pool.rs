//! Who runs next, and who has to wait for room.
//!
//! What is in use is derived from the live attempts, never counted beside them. Jobs that are ready wait in one queue
//! per kind of demand, best rank first, so a million of them behind a held pool cost nobody anything. When the best
//! job of a queue does not fit, the pools it needs are kept free for it, so that small jobs cannot starve a big one.
//! Owns the queues and the capacities. Knows nothing of what a job does. Read [`Pools::pick`] first.

use crate::{Blocker, JobId};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// How much of which pools.
pub(crate) type Demand = BTreeMap<String, u32>;

#[derive(Debug, Default)]
pub(crate) struct Pools {
    capacity: BTreeMap<String, u32>,
    /// Live attempts by pool.
    holders: BTreeMap<String, BTreeMap<JobId, u32>>,
    queues: BTreeMap<Arc<Demand>, BTreeSet<(Rank, JobId)>>,
    queued: BTreeMap<JobId, (Arc<Demand>, Rank)>,
}

/// Who goes first: what a person asked for, then the next air date, then what was there first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    pub later: bool,
    /// Days since 1970; the greatest for none.
    pub due: u32,
}

impl Pools {
    pub fn new(capacity: BTreeMap<String, u32>) -> Self {
        Self { capacity, ..Self::default() }
    }

    /// A job is ready but for room. Again with another rank: it moves.
    pub fn queue(&mut self, job: JobId, demand: &Demand, rank: Rank) {
        if self.queued.get(&job).is_some_and(|(was, at)| **was == *demand && *at == rank) {
            return;
        }
        self.unqueue(job);
        let known = self.queues.get_key_value(demand).map(|(known, _)| known.clone());
        let demand = known.unwrap_or_else(|| Arc::new(demand.clone()));
        self.queues.entry(demand.clone()).or_default().insert((rank, job));
        self.queued.insert(job, (demand, rank));
    }

    pub fn unqueue(&mut self, job: JobId) {
        let Some((demand, rank)) = self.queued.remove(&job) else { return };
        if let Some(queue) = self.queues.get_mut(&demand) {
            queue.remove(&(rank, job));
            if queue.is_empty() {
                self.queues.remove(&demand);
            }
        }
    }

    /// The best job that fits, if any.
    pub fn pick(&self) -> Option<JobId> {
        let mut reserved = BTreeSet::new();
        self.heads().into_iter().find_map(|(_, job, demand)| {
            let fits = self.fits(demand, &reserved);
            if !fits && !self.is_held(demand) {
                reserved.extend(demand.keys());
            }
            fits.then_some(job)
        })
    }

    /// An attempt lives: it holds its share.
    pub fn take(&mut self, job: JobId, demand: &Demand) {
        self.unqueue(job);
        for (pool, needs) in demand {
            let needs = self.at_most(pool, *needs);
            self.holders.entry(pool.clone()).or_default().insert(job, needs);
        }
    }

    /// The attempt is over.
    pub fn give_back(&mut self, job: JobId) {
        self.holders.retain(|_, holders| {
            holders.remove(&job);
            !holders.is_empty()
        });
    }

    /// Why a job with this demand and rank cannot start.
    pub fn blockers(&self, job: JobId, demand: &Demand, rank: Rank) -> Vec<Blocker> {
        let mut blockers = Vec::new();
        for (pool, needs) in demand {
            let capacity = self.capacity_of(pool);
            let needs = self.at_most(pool, *needs);
            if capacity == 0 {
                blockers.push(Blocker::PoolHeld { pool: pool.clone() });
            } else if self.used(pool) + needs > capacity {
                let holders = self.holders.get(pool).into_iter().flatten().map(|(job, _)| *job).collect();
                blockers.push(Blocker::PoolFull { pool: pool.clone(), needs, capacity, holders });
            }
        }
        if blockers.is_empty() {
            let ahead = self.heads().into_iter().take_while(|(at, by, _)| (*at, *by) < (rank, job));
            let waiting = ahead.filter(|(_, _, theirs)| !self.is_held(theirs) && !self.fits(theirs, &BTreeSet::new()));
            for (_, by, theirs) in waiting {
                let shared = theirs.keys().filter(|pool| demand.contains_key(*pool));
                blockers.extend(shared.map(|pool| Blocker::PoolReserved { pool: pool.clone(), by }));
            }
        }
        blockers
    }

    /// What is in use of a pool, from the attempts that live.
    pub fn used(&self, pool: &str) -> u32 {
        self.holders.get(pool).map_or(0, |holders| holders.values().sum())
    }

    /// Every pool with its capacity and what is in use.
    pub fn all(&self) -> impl Iterator<Item = (&str, u32, u32)> {
        self.capacity.iter().map(|(pool, capacity)| (pool.as_str(), *capacity, self.used(pool)))
    }

    /// The best job of each queue, best first.
    fn heads(&self) -> Vec<(Rank, JobId, &Demand)> {
        let heads =
            self.queues.iter().filter_map(|(demand, queue)| queue.first().map(|(rank, job)| (*rank, *job, &**demand)));
        let mut heads: Vec<_> = heads.collect();
        heads.sort_unstable_by_key(|(rank, job, _)| (*rank, *job));
        heads
    }

    fn fits(&self, demand: &Demand, reserved: &BTreeSet<&String>) -> bool {
        demand.iter().all(|(pool, needs)| {
            let capacity = self.capacity_of(pool);
            capacity > 0 && !reserved.contains(pool) && self.used(pool) + self.at_most(pool, *needs) <= capacity
        })
    }

    fn is_held(&self, demand: &Demand) -> bool {
        demand.keys().any(|pool| self.capacity_of(pool) == 0)
    }

    fn capacity_of(&self, pool: &str) -> u32 {
        self.capacity.get(pool).copied().unwrap_or(0)
    }

    /// Who asks for more than there is gets all of it, on a smaller machine as well.
    fn at_most(&self, pool: &str, needs: u32) -> u32 {
        needs.min(self.capacity_of(pool))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;

    fn demand(of: &[(&str, u32)]) -> Demand {
        of.iter().map(|(pool, needs)| (pool.to_string(), *needs)).collect()
    }

    fn pools() -> Pools {
        Pools::new(demand(&[("cpu", 2), ("gpu", 1), ("held", 0)]))
    }

    const LATER: Rank = Rank { later: true, due: u32::MAX };

    #[test]
    fn what_a_person_asked_for_goes_first_and_then_the_next_air_date() {
        let mut pools = pools();
        pools.queue(JobId(1), &demand(&[("cpu", 1)]), LATER);
        pools.queue(JobId(2), &demand(&[("cpu", 1)]), Rank { later: true, due: 20_000 });
        pools.queue(JobId(3), &demand(&[("cpu", 1)]), Rank { later: false, due: u32::MAX });
        let mut order = vec![];
        while let Some(job) = pools.pick() {
            pools.unqueue(job);
            order.push(job.0);
        }
        assert_eq!(order, [3, 2, 1]);
    }

    #[test]
    fn a_big_job_is_not_starved_by_small_ones() {
        let mut pools = pools();
        pools.take(JobId(1), &demand(&[("cpu", 1)]));
        pools.queue(JobId(2), &demand(&[("cpu", 2)]), LATER);
        pools.queue(JobId(3), &demand(&[("cpu", 1)]), LATER);
        assert_eq!(pools.pick(), None);
        let blockers = pools.blockers(JobId(3), &demand(&[("cpu", 1)]), LATER);
        assert_eq!(blockers, [Blocker::PoolReserved { pool: "cpu".into(), by: JobId(2) }]);
        pools.give_back(JobId(1));
        assert_eq!(pools.pick(), Some(JobId(2)));
    }

    #[test]
    fn a_held_pool_holds_only_what_needs_it() {
        let mut pools = pools();
        pools.queue(JobId(1), &demand(&[("cpu", 1), ("held", 1)]), LATER);
        pools.queue(JobId(2), &demand(&[("cpu", 1)]), LATER);
        assert_eq!(pools.pick(), Some(JobId(2)));
        let blockers = pools.blockers(JobId(1), &demand(&[("cpu", 1), ("held", 1)]), LATER);
        assert_eq!(blockers, [Blocker::PoolHeld { pool: "held".into() }]);
    }

    #[test]
    fn who_asks_for_more_than_there_is_gets_all_of_it() {
        let mut pools = pools();
        pools.queue(JobId(1), &demand(&[("cpu", 8)]), LATER);
        assert_eq!(pools.pick(), Some(JobId(1)));
        pools.take(JobId(1), &demand(&[("cpu", 8)]));
        assert_eq!(pools.used("cpu"), 2);
    }
}
