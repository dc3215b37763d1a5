/// The calls about friends.
library;

import '../model/codes.dart';
import '../model/lists.dart' show Friend;
import '../model/results.dart';
import 'answers.dart';
import 'enums.dart';
import 'listeners.dart';
import 'session.dart';
import 'shapes.dart';
import 'types.dart';

/// The calls about friends.
class V2TIMFriendshipManager {
  /// Adds a listener, like [addFriendListener]: earlier listeners stay.
  Future<void> setFriendListener({
    required V2TimFriendshipListener listener,
  }) =>
      addFriendListener(listener: listener);

  /// Adds a listener.
  Future<void> addFriendListener({
    required V2TimFriendshipListener listener,
  }) async {
    session.lists.friends.add(listener);
    session.lists.wake();
  }

  /// Removes a listener, or all listeners if there is no argument.
  Future<void> removeFriendListener({
    V2TimFriendshipListener? listener,
  }) async {
    final listeners = session.lists.friends;
    listener == null ? listeners.clear() : listeners.remove(listener);
  }

  /// Reads the friend list.
  Future<V2TimValueCallback<List<V2TimFriendInfo>>> getFriendList() =>
      session.ask(
        (running) async => [
          for (final friend in await _friends(running)) friendInfoOf(friend),
        ],
      );

  /// Reads the profiles of users, and their relations to this user.
  Future<V2TimValueCallback<List<V2TimFriendInfoResult>>> getFriendsInfo({
    required List<String> userIDList,
  }) =>
      session.ask((running) async {
        final users = [...userIDList];
        await _friends(running);
        final others = [
          for (final user in users)
            if (running.kit.friend(user) == null) user,
        ];
        final found = others.isEmpty
            ? const UsersInfoResult([], [])
            : await running.client.getUsersInfo(others);
        final profiles = {for (final one in found.profiles) one.userId: one};
        final failures = {for (final one in found.failures) one.userId: one};
        return [
          for (final user in users)
            if (running.kit.friend(user) case final friend?)
              V2TimFriendInfoResult(
                resultCode: LamplightCode.ok,
                resultInfo: 'ok',
                relation: _relationOf(friend),
                friendInfo: friendInfoOf(friend),
              )
            else
              V2TimFriendInfoResult(
                resultCode: failures[user]?.code ?? LamplightCode.ok,
                resultInfo: failures[user]?.message ?? 'ok',
                relation: FriendRelationType.V2TIM_FRIEND_RELATION_TYPE_NONE,
                friendInfo: V2TimFriendInfo(
                  userID: user,
                  userProfile: switch (profiles[user]) {
                    final profile? => fullInfoOf(profile),
                    null => null,
                  },
                ),
              ),
        ];
      });

  /// Changes the remark on a friend. Lamplight has no custom fields.
  Future<V2TimCallback> setFriendInfo({
    required String userID,
    String? friendRemark,
    Map<String, String>? friendCustomInfo,
  }) async {
    if (friendCustomInfo != null && friendCustomInfo.isNotEmpty) {
      return notSupported('friendCustomInfo');
    }
    return session.call(
      (running) async => friendRemark == null
          ? null
          : await running.kit.lists.setFriendRemark(userID, friendRemark),
    );
  }

  /// Adds a user to the friend list at once. Lamplight has no friend requests
  /// that must be accepted.
  Future<V2TimValueCallback<V2TimFriendOperationResult>> addFriend({
    required String userID,
    String? remark,
    String? friendGroup,
    String? addWording,
    String? addSource,
    required FriendTypeEnum addType,
  }) async {
    if (friendGroup != null && friendGroup.isNotEmpty) {
      return notSupported('groups of friends');
    }
    return session.ask((running) async {
      await running.kit.lists.addFriend(
        userID,
        remark: remark ?? '',
        addWording: addWording ?? '',
        addSource: addSource ?? '',
        single: addType == FriendTypeEnum.V2TIM_FRIEND_TYPE_SINGLE,
      );
      return _operated(userID);
    });
  }

  /// Removes users from the friend list.
  Future<V2TimValueCallback<List<V2TimFriendOperationResult>>>
      deleteFromFriendList({
    required List<String> userIDList,
    required FriendTypeEnum deleteType,
  }) =>
          session.ask((running) async {
            final users = [...userIDList];
            final result = await running.kit.lists.deleteFriends(
              users,
              single: deleteType == FriendTypeEnum.V2TIM_FRIEND_TYPE_SINGLE,
            );
            final failures = {
              for (final failure in result.failures) failure.userId: failure,
            };
            return [
              for (final user in users) _operated(user, failures[user]),
            ];
          });

  /// Checks whether users are on the friend list of this user. For a user who
  /// is not on it, the answer is always "no relation": the list of that user is
  /// not checked.
  Future<V2TimValueCallback<List<V2TimFriendCheckResult>>> checkFriend({
    required List<String> userIDList,
    required FriendTypeEnum checkType,
  }) =>
      session.ask((running) async {
        final users = [...userIDList];
        await _friends(running);
        final both = checkType == FriendTypeEnum.V2TIM_FRIEND_TYPE_BOTH;
        return [
          for (final user in users)
            V2TimFriendCheckResult(
              userID: user,
              resultCode: LamplightCode.ok,
              resultInfo: 'ok',
              resultType: switch (running.kit.friend(user)) {
                null => FriendRelationType.V2TIM_FRIEND_RELATION_TYPE_NONE,
                final friend when both => _relationOf(friend),
                _ => FriendRelationType
                    .V2TIM_FRIEND_RELATION_TYPE_IN_MY_FRIEND_LIST,
              },
            ),
        ];
      });

  /// Blocks users. A blocked user can neither see the status of this user, nor
  /// send messages to this user (20007), nor add this user as a friend.
  /// Friendships stay.
  Future<V2TimValueCallback<List<V2TimFriendOperationResult>>> addToBlackList({
    required List<String> userIDList,
  }) =>
      session.ask((running) async {
        final users = [...userIDList];
        final result = await running.client.blockUsers(users);
        running.blackList.added([
          for (final one in result.blocked) one.userId,
        ]);
        return _operatedAll(
          users,
          result.failures,
          except: LamplightCode.alreadyBlocked,
        );
      });

  /// Ends the blocks of users.
  Future<V2TimValueCallback<List<V2TimFriendOperationResult>>>
      deleteFromBlackList({required List<String> userIDList}) =>
          session.ask((running) async {
            final users = [...userIDList];
            final result = await running.client.unblockUsers(users);
            final failed = {for (final one in result.failures) one.userId};
            running.blackList.deleted([
              for (final user in users)
                if (!failed.contains(user)) user,
            ]);
            return _operatedAll(
              users,
              result.failures,
              except: LamplightCode.notBlocked,
            );
          });

  /// Reads the blocked users, with their profiles.
  Future<V2TimValueCallback<List<V2TimFriendInfo>>> getBlackList() =>
      session.ask((running) => running.blackList.read());

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> getFriendApplicationList() =>
      absent('getFriendApplicationList');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> acceptFriendApplication({
    required Object responseType,
    required Object type,
    required String userID,
  }) =>
      absent('acceptFriendApplication');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> refuseFriendApplication({
    required Object type,
    required String userID,
  }) =>
      absent('refuseFriendApplication');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> deleteFriendApplication({
    required Object type,
    required String userID,
  }) =>
      absent('deleteFriendApplication');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> setFriendApplicationRead() =>
      absent('setFriendApplicationRead');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> createFriendGroup({
    required String groupName,
    List<String>? userIDList,
  }) =>
      absent('createFriendGroup');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> getFriendGroups({
    List<String>? groupNameList,
  }) =>
      absent('getFriendGroups');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> deleteFriendGroup({
    required List<String> groupNameList,
  }) =>
      absent('deleteFriendGroup');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> renameFriendGroup({
    required String oldName,
    required String newName,
  }) =>
      absent('renameFriendGroup');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> addFriendsToFriendGroup({
    required String groupName,
    required List<String> userIDList,
  }) =>
      absent('addFriendsToFriendGroup');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> deleteFriendsFromFriendGroup({
    required String groupName,
    required List<String> userIDList,
  }) =>
      absent('deleteFriendsFromFriendGroup');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> searchFriends({
    required Object searchParam,
  }) =>
      absent('searchFriends');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> subscribeOfficialAccount({
    required String officialAccountID,
  }) =>
      absent('subscribeOfficialAccount');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> unsubscribeOfficialAccount({
    required String officialAccountID,
  }) =>
      absent('unsubscribeOfficialAccount');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> getOfficialAccountsInfo({
    required List<String> officialAccountIDList,
  }) =>
      absent('getOfficialAccountsInfo');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> followUser({
    required List<String> userIDList,
  }) =>
      absent('followUser');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> unfollowUser({
    required List<String> userIDList,
  }) =>
      absent('unfollowUser');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> getMyFollowingList({
    required String nextCursor,
  }) =>
      absent('getMyFollowingList');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> getMyFollowersList({
    required String nextCursor,
  }) =>
      absent('getMyFollowersList');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> getMutualFollowersList({
    required String nextCursor,
  }) =>
      absent('getMutualFollowersList');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> getUserFollowInfo({
    required List<String> userIDList,
  }) =>
      absent('getUserFollowInfo');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> checkFollowType({
    required List<String> userIDList,
  }) =>
      absent('checkFollowType');

  Future<List<Friend>> _friends(Running running) async {
    final list = running.kit.lists.friends;
    await list.whole;
    return [...list.visible]
      ..sort((one, other) => one.userId.compareTo(other.userId));
  }

  int _relationOf(Friend friend) => friend.isMutual
      ? FriendRelationType.V2TIM_FRIEND_RELATION_TYPE_BOTH_WAY
      : FriendRelationType.V2TIM_FRIEND_RELATION_TYPE_IN_MY_FRIEND_LIST;

  /// Returns the results of a call about the block list. The code [except]
  /// counts as a success: nothing had to be done for that user.
  List<V2TimFriendOperationResult> _operatedAll(
    List<String> users,
    List<FailedUser> failures, {
    required int except,
  }) {
    final failureOf = {
      for (final failure in failures)
        if (failure.code != except) failure.userId: failure,
    };
    return [for (final user in users) _operated(user, failureOf[user])];
  }

  V2TimFriendOperationResult _operated(String userId, [FailedUser? failure]) =>
      V2TimFriendOperationResult(
        userID: userId,
        resultCode: failure?.code ?? LamplightCode.ok,
        resultInfo: failure?.message ?? 'ok',
      );
}
