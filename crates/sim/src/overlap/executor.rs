//! An executor with virtual time. A random generator chooses which of the ready tasks runs next. Time advances only
//! when no task is ready.

use super::directory_clock::DirectoryClock;
use crate::random::Random;
use lamplight_model::{Moment, Now, Timestamp};
use parking_lot::{Mutex, MutexGuard};
use std::cell::RefCell;
use std::collections::{BTreeMap, BinaryHeap};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// The wall-clock time at a virtual time in milliseconds.
pub(crate) fn wall(now: u64) -> Timestamp {
    Timestamp(1_700_000_000_000 + now)
}

/// A time of the directory, in milliseconds since the run began.
pub(crate) fn directory_time(millis: u64) -> Now {
    Now { moment: Moment(millis), wall: wall(millis) }
}

type Work = Pin<Box<dyn Future<Output = ()>>>;

/// The virtual clock, its timers, and the queue of ready tasks. It is shared with an `Arc`, because the futures of the
/// stores must be `Send`.
pub(crate) struct Clock {
    now: AtomicU64,
    state: Mutex<State>,
    directory: DirectoryClock,
}

struct State {
    timers: BinaryHeap<Timer>,
    ready: Vec<u64>,
    random: Random,
    timers_made: u64,
}

/// A timer. A later timer compares as less, because `BinaryHeap` returns the greatest entry first.
struct Timer {
    due: u64,
    number: u64,
    waker: Waker,
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Timer {}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timer {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.due, other.number).cmp(&(self.due, self.number))
    }
}

impl Clock {
    /// The number of milliseconds since the run began.
    pub fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    /// The time of the directory in milliseconds.
    pub fn directory(&self) -> u64 {
        self.directory.directory(self.now())
    }

    /// The time of the nodes in milliseconds. It is that of the directory, except after a jump of the directory's clock,
    /// which the nodes follow slowly.
    pub fn of_nodes(&self) -> u64 {
        self.directory.of_nodes(self.now())
    }

    /// Moves the clock of the directory forwards or backwards.
    pub fn jump(&self, millis: i64) {
        self.directory.jump(millis, self.now());
    }

    /// Returns a future that becomes ready after this number of milliseconds of virtual time.
    pub fn sleep(self: &Arc<Self>, millis: u64) -> Sleep {
        Sleep { clock: Arc::clone(self), until: self.now() + millis, is_set: false }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

/// The future of [`Clock::sleep`].
pub(crate) struct Sleep {
    clock: Arc<Clock>,
    until: u64,
    is_set: bool,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.clock.now() >= self.until {
            return Poll::Ready(());
        }
        if !self.is_set {
            self.is_set = true;
            let mut state = self.clock.state();
            state.timers_made += 1;
            let number = state.timers_made;
            state.timers.push(Timer { due: self.until, number, waker: context.waker().clone() });
        }
        Poll::Pending
    }
}

struct TaskWaker {
    task: u64,
    clock: Arc<Clock>,
    is_queued: AtomicBool,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if !self.is_queued.swap(true, Ordering::Relaxed) {
            self.clock.state().ready.push(self.task);
        }
    }
}

struct Task {
    group: u64,
    /// The future of the task; `None` while it is being polled.
    work: Option<Work>,
    waker: Arc<TaskWaker>,
}

#[derive(Default)]
struct Tasks {
    tasks: BTreeMap<u64, Task>,
    made: u64,
}

/// The executor. Clones share their state.
#[derive(Clone)]
pub(crate) struct Executor {
    clock: Arc<Clock>,
    tasks: Rc<RefCell<Tasks>>,
}

impl Executor {
    /// Creates an executor. The seed determines its choices of tasks.
    pub fn new(seed: u64) -> Self {
        let state =
            State { timers: BinaryHeap::new(), ready: Vec::new(), random: Random::new(seed), timers_made: 0 };
        let clock = Arc::new(Clock {
            now: AtomicU64::new(0),
            state: Mutex::new(state),
            directory: DirectoryClock::default(),
        });
        Self { clock, tasks: Rc::default() }
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    /// Starts a task and polls it once, as the server does. `group` identifies the simulated process of the task.
    pub fn start(&self, group: u64, work: impl Future<Output = ()> + 'static) {
        let number = {
            let mut tasks = self.tasks.borrow_mut();
            tasks.made += 1;
            let number = tasks.made;
            let (clock, is_queued) = (Arc::clone(&self.clock), AtomicBool::new(true));
            let waker = Arc::new(TaskWaker { task: number, clock, is_queued });
            tasks.tasks.insert(number, Task { group, work: Some(Box::pin(work)), waker });
            number
        };
        self.poll(number);
    }

    /// Drops all tasks of a group, as when a process crashes.
    pub fn kill(&self, group: u64) {
        let dead: Vec<Task> = {
            let mut tasks = self.tasks.borrow_mut();
            tasks.tasks.extract_if(.., |_, task| task.group == group).map(|(_, task)| task).collect()
        };
        drop(dead);
    }

    /// Drops all tasks and timers. They would otherwise never be freed, because tasks hold references to the executor.
    pub fn end(&self) {
        let tasks = std::mem::take(&mut self.tasks.borrow_mut().tasks);
        drop(tasks);
        let timers = {
            let mut state = self.clock.state();
            state.ready.clear();
            std::mem::take(&mut state.timers)
        };
        drop(timers);
    }

    /// Runs all ready tasks, and advances the time up to `until`, in milliseconds.
    pub fn run_until(&self, until: u64) {
        self.run_while(until, || true);
    }

    /// Like [`run_until`](Self::run_until), but stops when `wanted` returns `false`. Returns the last result of
    /// `wanted`.
    pub fn run_while(&self, until: u64, wanted: impl Fn() -> bool) -> bool {
        while wanted() {
            let next = {
                let mut state = self.clock.state();
                let ready = state.ready.len();
                if ready == 0 {
                    None
                } else {
                    let chosen = state.random.below(ready);
                    Some(state.ready.swap_remove(chosen))
                }
            };
            match next {
                Some(task) => self.poll(task),
                None if self.pass_time(until) => {}
                None => return true,
            }
        }
        false
    }

    /// Advances the time to the next timer, and fires the timer. Returns `false` if no timer is due by `until`.
    fn pass_time(&self, until: u64) -> bool {
        let mut due = Vec::new();
        {
            let mut state = self.clock.state();
            let next = state.timers.peek().map(|timer| timer.due);
            let Some(now) = next.filter(|next| *next <= until) else {
                drop(state);
                self.clock.now.fetch_max(until, Ordering::Relaxed);
                return false;
            };
            self.clock.now.fetch_max(now, Ordering::Relaxed);
            while state.timers.peek().is_some_and(|timer| timer.due <= now) {
                due.extend(state.timers.pop());
            }
        }
        due.into_iter().for_each(|timer| timer.waker.wake());
        true
    }

    fn poll(&self, number: u64) {
        let taken = {
            let mut tasks = self.tasks.borrow_mut();
            tasks.tasks.get_mut(&number).and_then(|task| Some((task.work.take()?, Arc::clone(&task.waker))))
        };
        let Some((mut work, waker)) = taken else { return };
        waker.is_queued.store(false, Ordering::Relaxed);
        let is_ready = work.as_mut().poll(&mut Context::from_waker(&Waker::from(waker))).is_ready();
        let mut tasks = self.tasks.borrow_mut();
        if is_ready {
            let done = tasks.tasks.remove(&number);
            drop(tasks);
            drop((done, work));
        } else if let Some(task) = tasks.tasks.get_mut(&number) {
            task.work = Some(work);
        }
    }
}

/// Runs a future to its end, and blocks the current thread meanwhile.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_runs_the_same_way_and_another_one_differs() {
        let run = |seed| {
            let executor = Executor::new(seed);
            let order = Rc::new(RefCell::new(Vec::new()));
            for number in 0..20 {
                let (order, clock) = (Rc::clone(&order), Arc::clone(executor.clock()));
                executor.start(0, async move {
                    for round in 0..3 {
                        clock.sleep(10).await;
                        order.borrow_mut().push((number, round, clock.now()));
                    }
                });
            }
            executor.run_until(100);
            assert_eq!(executor.clock().now(), 100);
            order.take()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        assert!(run(1).iter().all(|(_, round, at)| *at == (round + 1) * 10));
    }

    #[test]
    fn what_is_killed_goes_no_further() {
        let executor = Executor::new(1);
        let done = Rc::new(RefCell::new(Vec::new()));
        for group in 0..2 {
            let (done, clock) = (Rc::clone(&done), Arc::clone(executor.clock()));
            executor.start(group, async move {
                clock.sleep(5).await;
                done.borrow_mut().push(group);
            });
        }
        executor.kill(0);
        executor.run_until(10);
        assert_eq!(*done.borrow(), [1]);
    }
}
