/// The check of the subscription list. A former friend stays in the cache until
/// the list shows whether the account is subscribed to that user.
///
/// A client gets the list with its first login, and every change of the list
/// over the link. While the link is broken, another device may change the list.
/// The answer to a resume does not contain the list. After a resume, the list
/// is therefore read when a friendship ends.
///
/// The check knows no messages and no clock.
library;

/// The former friends who may still be on the subscription list. They stay in
/// the cache until the check ends.
final class ListCheck {
  final Set<String> _former = {};
  bool _isSent = false;
  int _notBefore = 0;

  /// Whether the subscription list that the client knows equals the server's.
  bool get isKnown => _isKnown;
  bool _isKnown = false;

  /// Records a login. The snapshot of the login shows the watched users, so a
  /// pending check is dropped. Only the answer to the first login contains the
  /// subscription list.
  void loggedIn({required bool isFirst}) {
    _isKnown = isFirst;
    giveUp();
    _notBefore = 0;
  }

  /// Adds former friends.
  void add(Iterable<String> former) => _former.addAll(former);

  /// Removes from the check the users who are still watched for another reason.
  void forget(Iterable<String> watched) => _former.removeAll(watched);

  /// The time at which the list is to be read; null if it need not be read, or
  /// is being read.
  int? get due => _isSent || _former.isEmpty ? null : _notBefore;

  /// Records that the list is being read.
  void sent() => _isSent = true;

  /// Records a temporary refusal. The list is then read at [notBefore].
  void refusedUntil(int notBefore) {
    _isSent = false;
    _notBefore = notBefore;
  }

  /// Records that the list was read, and ends the check. Returns the users of
  /// the check.
  List<String> read() {
    _isKnown = true;
    return giveUp();
  }

  /// Ends the check without having read the list. Returns the users of the
  /// check.
  List<String> giveUp() {
    final former = [..._former];
    _former.clear();
    _isSent = false;
    return former;
  }
}
