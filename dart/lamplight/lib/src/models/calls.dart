/// The limits of the ledger, the view that a list hands to it, and the calls
/// that it asks for.
library;

/// The most subscriptions that a server grants unless it says otherwise.
const int defaultLimit = 200;

/// Users in a query, at most.
const int defaultQueryBatch = 500;

/// Users in a call about subscriptions, at most.
const int defaultSubscribeBatch = 100;

/// The calls of one kind within [window], at most: half of what a user may
/// make; the rest is for the application.
const int callsPerWindow = 10;

/// The window of [callsPerWindow], in milliseconds.
const int window = 5000;

/// The time for which an unsubscribed status is taken to be true, and after
/// which the subscription list is read again; in milliseconds.
const int staleAfter = 30000;

/// A user is given up this many milliseconds after the last list showed them,
/// so that a change of pages costs nothing.
const int grace = 10000;

/// The number of places that are made at once when room is needed: scrolling
/// on does not cost a call each time.
const int makeRoom = 50;

/// The wait after a refusal that passes with time; doubles up to
/// [longestPause].
const int firstPause = 5000;

/// The longest wait after a refusal.
const int longestPause = 300000;

/// The users that a list shows.
class View {
  const View({required this.listed, required this.onScreen});

  /// All users of the list, in its order. The identical list again says that
  /// they are the same.
  final List<String> listed;

  /// Those of them whom a person can see now.
  final List<String> onScreen;
}

/// The operations that the ledger asks for.
enum CallKind { read, query, subscribe, unsubscribe }

/// A call to make. One at a time.
class Call {
  const Call(this.kind, [this.users = const []]);

  final CallKind kind;
  final List<String> users;
}

/// The next thing to do.
sealed class Next {
  const Next();
}

/// A call is to be made.
class MakeCall extends Next {
  const MakeCall(this.call);

  final Call call;
}

/// Nothing is to be done before [at]; null: before something happens.
class WaitUntil extends Next {
  const WaitUntil(this.at);

  final int? at;
}
