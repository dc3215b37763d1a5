/// The limits, views and calls of the ledger. The ledger plans the queries and
/// subscriptions for the lists.
library;

/// The default maximum number of users on the subscription list.
const int defaultLimit = 200;

/// The default maximum number of users in one query.
const int defaultQueryBatch = 500;

/// The default maximum number of users in one call to subscribe or unsubscribe.
const int defaultSubscribeBatch = 100;

/// The maximum number of calls of one kind within [window]. It is half of a
/// user's rate limit. The other half is left to the application.
const int callsPerWindow = 10;

/// The length of the window for [callsPerWindow], in milliseconds.
const int window = 5000;

/// The age, in milliseconds, at which data is requested again: the subscription
/// list, and the statuses of users without a subscription.
const int staleAfter = 30000;

/// The time, in milliseconds, for which the status of a user who has left all
/// lists is kept. If the user returns within this time, for example after a
/// short change of pages, no call is needed.
const int grace = 10000;

/// The minimum number of subscriptions that are ended together to make room. If
/// it were 1, further scrolling would need a call each time.
const int makeRoom = 50;

/// The wait after the first temporary refusal, in milliseconds. It doubles with
/// each further temporary refusal, up to [longestPause].
const int firstPause = 5000;

/// The longest wait after temporary refusals, in milliseconds.
const int longestPause = 300000;

/// The users in a list.
class View {
  const View({required this.listed, required this.onScreen});

  /// The users of the list, in its order. The Dart list is the same object as
  /// long as the users are the same.
  final List<String> listed;

  /// The users in the visible rows.
  final List<String> onScreen;
}

/// The kinds of calls that the ledger requests.
enum CallKind { read, query, subscribe, unsubscribe }

/// A call that the driver has to make. At most one call is in progress.
class Call {
  const Call(this.kind, [this.users = const []]);

  final CallKind kind;
  final List<String> users;
}

/// The next action of the driver.
sealed class Next {
  const Next();
}

/// The driver must make a call.
class MakeCall extends Next {
  const MakeCall(this.call);

  final Call call;
}

/// The driver must wait until the time [at], or until the next event if [at] is
/// null.
class WaitUntil extends Next {
  const WaitUntil(this.at);

  final int? at;
}
