// Performs one operation of Go's libcni: a request as JSON on stdin, an answer as JSON on stdout.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/types"
)

// A request. Which fields count depends on Op.
type request struct {
	Op             string
	List           json.RawMessage
	BinDirs        []string
	CacheDir       string
	ContainerID    string
	Netns          string
	Ifname         string
	Args           [][2]string
	CapabilityArgs map[string]any
	Valid          []types.GCAttachment
}

// What came of it: either field, or neither.
type answer struct {
	Result any          `json:"result,omitempty"`
	Error  *types.Error `json:"error,omitempty"`
}

func main() {
	var asked request
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	result, err := perform(&asked)
	said := answer{Result: result}
	if err != nil {
		said = answer{Error: asError(err)}
	}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func perform(asked *request) (any, error) {
	ctx := context.Background()
	list, err := libcni.NetworkConfFromBytes(asked.List)
	if err != nil {
		return nil, err
	}
	cni := libcni.NewCNIConfigWithCacheDir(asked.BinDirs, asked.CacheDir, nil)
	container := &libcni.RuntimeConf{
		ContainerID:    asked.ContainerID,
		NetNS:          asked.Netns,
		IfName:         asked.Ifname,
		Args:           asked.Args,
		CapabilityArgs: asked.CapabilityArgs,
	}
	switch asked.Op {
	case "add":
		return cni.AddNetworkList(ctx, list, container)
	case "check":
		return nil, cni.CheckNetworkList(ctx, list, container)
	case "del":
		return nil, cni.DelNetworkList(ctx, list, container)
	case "gc":
		return nil, cni.GCNetworkList(ctx, list, &libcni.GCArgs{ValidAttachments: asked.Valid})
	case "status":
		return nil, cni.GetStatusNetworkList(ctx, list)
	case "validate":
		return cni.ValidateNetworkList(ctx, list)
	case "cached-result":
		return cni.GetNetworkListCachedResult(list, container)
	case "cached-attachments":
		return cni.GetCachedAttachments(asked.ContainerID)
	default:
		return nil, fmt.Errorf("unknown operation %q", asked.Op)
	}
}

// An error of a plugin keeps its code; one of libcni itself has none, which is 0 here.
func asError(err error) *types.Error {
	var known *types.Error
	if errors.As(err, &known) {
		return known
	}
	return &types.Error{Msg: err.Error()}
}
