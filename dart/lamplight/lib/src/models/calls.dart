/// The limits of the ledger, the view that a list passes to it, and the calls
/// that it requests.
library;

/// The default limit of the subscription list.
const int defaultLimit = 200;

/// The default number of users in a query, at most.
const int defaultQueryBatch = 500;

/// The default number of users in a call about subscriptions, at most.
const int defaultSubscribeBatch = 100;

/// The most calls of one kind within [window]: half of the rate limit of a
/// user; the rest is for the application.
const int callsPerWindow = 10;

/// The window of [callsPerWindow], in milliseconds.
const int window = 5000;

/// The time after which a status without a subscription is queried again, and
/// the subscription list is read again; in milliseconds.
const int staleAfter = 30000;

/// The time after which a user whom no list shows any longer is dropped, in
/// milliseconds, so that a change of pages costs nothing.
const int grace = 10000;

/// The number of subscriptions that are ended at once if room is needed, so
/// that further scrolling does not cost a call each time.
const int makeRoom = 50;

/// The wait after a temporary refusal, in milliseconds; it doubles up to
/// [longestPause].
const int firstPause = 5000;

/// The longest wait after a refusal, in milliseconds.
const int longestPause = 300000;

/// The users that a list shows.
class View {
  const View({required this.listed, required this.onScreen});

  /// All users of the list, in its order. The identical list object means the
  /// same users.
  final List<String> listed;

  /// The visible users among them.
  final List<String> onScreen;
}

/// The kinds of calls that the ledger requests.
enum CallKind { read, query, subscribe, unsubscribe }

/// A call to make. Only one is under way at a time.
class Call {
  const Call(this.kind, [this.users = const []]);

  final CallKind kind;
  final List<String> users;
}

/// The next action of the ledger's driver.
sealed class Next {
  const Next();
}

/// A call is to be made.
class MakeCall extends Next {
  const MakeCall(this.call);

  final Call call;
}

/// Nothing is to be done before [at]; null means until the next event.
class WaitUntil extends Next {
  const WaitUntil(this.at);

  final int? at;
}
