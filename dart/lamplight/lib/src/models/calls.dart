/// The limits, views and calls of the ledger. The ledger plans the status
/// queries and subscriptions of the lists.
library;

/// The default maximum number of users in the subscription list.
const int defaultLimit = 200;

/// The default maximum number of users in a query.
const int defaultQueryBatch = 500;

/// The default maximum number of users in a call about subscriptions.
const int defaultSubscribeBatch = 100;

/// The maximum number of calls of one kind within [window]: half of a user's
/// rate limit. The application has the other half.
const int callsPerWindow = 10;

/// The window of [callsPerWindow], in milliseconds.
const int window = 5000;

/// The subscription list and unsubscribed statuses are requested again at this
/// age, in milliseconds.
const int staleAfter = 30000;

/// The status of a user who has left all lists is dropped after this time, in
/// milliseconds. A short change of pages then needs no calls.
const int grace = 10000;

/// At least this many subscriptions are ended together to make room. Further
/// scrolling then does not need a call each time.
const int makeRoom = 50;

/// The wait after the first temporary refusal, in milliseconds. It doubles with
/// each further refusal, up to [longestPause].
const int firstPause = 5000;

/// The longest wait after temporary refusals, in milliseconds.
const int longestPause = 300000;

/// The users in a list.
class View {
  const View({required this.listed, required this.onScreen});

  /// The users of the list, in its order. While the users are the same, this is
  /// the identical object.
  final List<String> listed;

  /// The users in the visible rows.
  final List<String> onScreen;
}

/// The kinds of calls that the ledger requests.
enum CallKind { read, query, subscribe, unsubscribe }

/// A call that the ledger's driver must make. Only one call is under way at a
/// time.
class Call {
  const Call(this.kind, [this.users = const []]);

  final CallKind kind;
  final List<String> users;
}

/// The next action for the ledger's driver.
sealed class Next {
  const Next();
}

/// The driver must make a call.
class MakeCall extends Next {
  const MakeCall(this.call);

  final Call call;
}

/// The driver must wait until [at]; null means until the next event.
class WaitUntil extends Next {
  const WaitUntil(this.at);

  final int? at;
}
